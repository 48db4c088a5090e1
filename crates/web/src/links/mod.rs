//! The pages that links in mail lead to. A token is used up by a POST of the page alone: programs that look at links in mail
//! use up none.

use actix_web::{HttpRequest, HttpResponse, get, http::header, web::ServiceConfig};

use crate::docs::{file, page};

/// The paths below, for `Allow`: they take GET alone and are not in the document.
pub const PATHS: [&str; 3] = ["/verify-email", "/reset-password", "/links.js"];

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(verify_email).service(reset_password).service(script);
}

#[get("/verify-email")]
async fn verify_email(request: HttpRequest) -> HttpResponse {
    unreferred(page(&request, include_str!("verify-email.html")))
}

#[get("/reset-password")]
async fn reset_password(request: HttpRequest) -> HttpResponse {
    unreferred(page(&request, include_str!("reset-password.html")))
}

#[get("/links.js")]
async fn script(request: HttpRequest) -> HttpResponse {
    file(&request, "text/javascript; charset=utf-8", include_str!("links.js").into())
}

/// The address holds a token, and no other server shall see it.
fn unreferred(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    answer
}
