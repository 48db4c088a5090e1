//! What is written for people and their programs: `/openapi.json`, the explorer at `/docs`, `/docs/errors`.

mod errors;
mod explorer;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, ETag, EntityTag},
    web::{Bytes, Data, ServiceConfig},
};
use xxhash_rust::xxh3::xxh3_128;

use crate::extract::none_match;

/// Pages load files of this server alone. The explorer's style sheet has its icons in `data:` URLs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The document, made once.
pub struct Document {
    json: Bytes,
}

impl Document {
    /// Of its JSON.
    pub fn new(json: String) -> Self {
        Self { json: json.into() }
    }
}

/// The paths below, for `Allow`: they take GET alone and are not in the document.
pub const PATHS: [&str; 4] = ["/openapi.json", "/docs", "/docs/errors", "/docs/{file}"];

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(openapi).service(explorer::explorer).service(errors::error_codes).service(explorer::explorer_file);
}

#[get("/openapi.json")]
async fn openapi(request: HttpRequest, document: Data<Document>) -> HttpResponse {
    file(&request, "application/json", document.json.clone())
}

/// A file that changes with the binary alone.
pub fn file(request: &HttpRequest, media_type: &str, bytes: Bytes) -> HttpResponse {
    let tag = format!("{:032x}", xxh3_128(&bytes));
    if none_match(request, &tag) {
        return HttpResponse::NotModified().insert_header(ETag(EntityTag::new_strong(tag))).finish();
    }
    HttpResponse::Ok()
        .insert_header(ETag(EntityTag::new_strong(tag)))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_TYPE, media_type))
        .body(bytes)
}

/// An HTML page.
pub fn page(request: &HttpRequest, html: impl Into<Bytes>) -> HttpResponse {
    let mut answer = file(request, "text/html; charset=utf-8", html.into());
    let policy = header::HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer.headers_mut().insert(header::X_FRAME_OPTIONS, header::HeaderValue::from_static("DENY"));
    answer
}
