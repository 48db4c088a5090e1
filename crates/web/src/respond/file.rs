use std::{convert::Infallible, sync::LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName, HeaderValue},
    web::Bytes,
};
use quick_cache::sync::Cache;
use xxhash_rust::xxh3::xxh3_128;

use super::conditions::none_match;
use crate::compression::Coded;

/// Pages load files of this server only. The style sheet of the explorer has its icons in `data:` URLs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// It may be kept, and is asked for again.
const NO_CACHE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");

/// The files in a coding, by their hash. There are fewer files than fit.
static CODED: LazyLock<Cache<u128, Coded>> = LazyLock::new(|| Cache::new(64));

/// A file that is part of the binary.
pub fn file(request: &HttpRequest, media_type: &str, bytes: Bytes) -> HttpResponse {
    let hash = xxh3_128(&bytes);
    let etag = format!("\"{hash:032x}\"");
    if none_match(request, &etag) {
        // With the header of the 200 (RFC 9110, section 15.4.5).
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).insert_header(NO_CACHE).finish();
    }
    let mut response = HttpResponse::Ok()
        .insert_header((header::ETAG, etag))
        .insert_header(NO_CACHE)
        .insert_header((header::CONTENT_TYPE, media_type))
        .body(bytes);
    let Ok(coded) = CODED.get_or_insert_with(&hash, || Ok::<_, Infallible>(Coded::default()));
    response.extensions_mut().insert(coded);
    response
}

/// An HTML page.
pub fn page(request: &HttpRequest, html: impl Into<Bytes>) -> HttpResponse {
    let mut response = file(request, "text/html; charset=utf-8", html.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
