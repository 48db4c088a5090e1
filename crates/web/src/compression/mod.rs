//! Responses in a content coding that the client accepts.
//!
//! A whole body is encoded at once: a small one in place, a large one on another thread. One that is sent again is encoded
//! once (see [`Coded`]). Streams are sent as they are.

mod coding;
mod tag;

use std::sync::{Arc, OnceLock};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY},
    },
    web::Bytes,
};
use coding::Coding;
use tag::with_suffix;
pub use tag::without_suffix;

use crate::offload::offload;

/// The minimum size of a body that is encoded, in bytes: a smaller one fits in a packet anyway.
const MIN_BODY: u64 = 1_024;

/// A body that is sent repeatedly, in the first coding that a client preferred. In another one it is encoded each time.
#[derive(Debug, Clone, Default)]
pub struct Coded(Arc<OnceLock<(Coding, Option<Bytes>)>>);

/// Encodes the body of a response, if the client prefers that. Responses that no cache may store contain tokens or secrets:
/// their size in a coding would tell something about these.
pub async fn compressed(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let is_whole = matches!(response.response().body().size(), BodySize::Sized(_) | BodySize::None);
    if !is_whole || !is_for_codings(response.status(), response.headers()) {
        return response;
    }
    let (request, mut response) = response.into_parts();
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let coded = response.extensions_mut().remove::<Coded>();
    let favourite = if coded.is_some() { Coding::Brotli } else { Coding::Gzip };
    let Some(coding) = Coding::preferred(request.headers(), favourite) else {
        return ServiceResponse::new(request, response);
    };
    if response.status() == StatusCode::NOT_MODIFIED {
        if let Some(etag) = known_tag(&request, response.headers(), coding) {
            response.headers_mut().insert(ETAG, etag);
        }
        return ServiceResponse::new(request, response);
    }
    if !matches!(response.body().size(), BodySize::Sized(MIN_BODY..)) {
        return ServiceResponse::new(request, response);
    }
    let (response, body) = response.into_parts();
    let response = match body.try_into_bytes() {
        Ok(body) => encoded(response, body, coding, coded).await,
        Err(body) => response.set_body(body),
    };
    ServiceResponse::new(request, response)
}

/// Whether codings apply to a response with these headers.
fn is_for_codings(status: StatusCode, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let media_type = text(CONTENT_TYPE).split(';').next().unwrap_or_default();
    let is_text = media_type.starts_with("text/") || media_type.ends_with("json") || media_type.ends_with("javascript");
    (is_text || status == StatusCode::NOT_MODIFIED)
        && !headers.contains_key(CONTENT_ENCODING)
        && !text(CACHE_CONTROL).contains("no-store")
}

/// The tag in `If-None-Match` that stands for this representation in the coding.
fn known_tag(request: &HttpRequest, headers: &HeaderMap, coding: Coding) -> Option<HeaderValue> {
    let tag = with_suffix(headers.get(ETAG)?, coding)?;
    let known = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    known.into_iter().any(|known| tag.to_str().is_ok_and(|tag| known.contains(tag))).then_some(tag)
}

async fn encoded(
    mut response: HttpResponse<()>,
    body: Bytes,
    coding: Coding,
    coded: Option<Coded>,
) -> HttpResponse<BoxBody> {
    let known = coded.as_ref().and_then(|coded| coded.0.get()).filter(|(known, _)| *known == coding);
    let encoded = if let Some((_, encoded)) = known {
        encoded.clone()
    } else {
        let (size, source) = (body.len(), body.clone());
        let encoded = offload(size, move || Ok(coding.encode(&source).map(Bytes::from))).await;
        // Without a thread for it, the body is sent as it is.
        let encoded = encoded.ok().flatten();
        if let Some(coded) = coded {
            let _ = coded.0.set((coding, encoded.clone()));
        }
        encoded
    };
    let Some(encoded) = encoded else { return response.set_body(BoxBody::new(body)) };
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    if let Some(etag) = headers.get(ETAG).and_then(|etag| with_suffix(etag, coding)) {
        headers.insert(ETAG, etag);
    }
    response.set_body(BoxBody::new(encoded))
}
