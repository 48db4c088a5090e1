use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web::Bytes,
};
use xxhash_rust::xxh3::xxh3_128;

use super::conditions::none_match;

/// Pages load files of this server only. The style sheet of the explorer has its icons in `data:` URLs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file that is part of the binary.
pub fn file(request: &HttpRequest, media_type: &str, bytes: Bytes) -> HttpResponse {
    let etag = format!("\"{:032x}\"", xxh3_128(&bytes));
    if none_match(request, &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_TYPE, media_type))
        .body(bytes)
}

/// An HTML page.
pub fn page(request: &HttpRequest, html: impl Into<Bytes>) -> HttpResponse {
    let mut response = file(request, "text/html; charset=utf-8", html.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
