use actix_web::{HttpResponse, http::header::HeaderName};

use crate::{cookies, settings::HttpSettings};

/// Makes the browser remove what it has stored for this site (W3C Clear Site Data).
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// The session of the caller has ended: removes the cookie and all data of the site.
pub fn signed_out(settings: &HttpSettings) -> HttpResponse {
    HttpResponse::NoContent()
        .cookie(cookies::session_removal(settings))
        .insert_header((CLEAR_SITE_DATA, r#""cache", "storage""#))
        .finish()
}
