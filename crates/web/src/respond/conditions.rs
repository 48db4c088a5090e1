//! Conditional requests (RFC 9110, section 13).

use actix_web::{
    HttpRequest,
    http::header::{self, Header},
};
use memo_application::Precondition;

use super::representation::version_of;
use crate::{
    compression::without_suffix,
    extractor::from_head,
    problem::{Code, Problem},
};

/// The precondition of `If-Match`.
pub struct IfMatch(pub Precondition);

from_head!(IfMatch: |request| precondition(request).map(Self));

/// Whether the request only creates: `If-None-Match: *`. Other values mean nothing to a PUT.
pub fn creates(request: &HttpRequest) -> Result<bool, Problem> {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return Ok(false);
    }
    match header::IfNoneMatch::parse(request) {
        Ok(header::IfNoneMatch::Any) => Ok(true),
        Ok(header::IfNoneMatch::Items(_)) | Err(_) => {
            Err(Problem::new(Code::InvalidHeader).about(header::IF_NONE_MATCH))
        }
    }
}

fn precondition(request: &HttpRequest) -> Result<Precondition, Problem> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Ok(Precondition::None);
    }
    match header::IfMatch::parse(request) {
        Ok(header::IfMatch::Any) => Ok(Precondition::None),
        // Weak tags never match (RFC 9110, section 13.1.1).
        Ok(header::IfMatch::Items(tags)) => {
            let strong = tags.iter().filter(|tag| !tag.weak);
            Ok(Precondition::OneOf(strong.filter_map(|tag| version_of(without_suffix(tag.tag()))).collect()))
        }
        Err(_) => Err(Problem::new(Code::InvalidHeader).about(header::IF_MATCH)),
    }
}

/// Whether `If-None-Match` contains this `ETag`, so that the client has the body, in whichever coding.
pub fn none_match(request: &HttpRequest, etag: &str) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match header::IfNoneMatch::parse(request) {
        Ok(header::IfNoneMatch::Any) => true,
        Ok(header::IfNoneMatch::Items(tags)) => {
            tags.iter().any(|known| without_suffix(known.tag()) == etag.trim_matches('"'))
        }
        // A malformed header contains no tag.
        Err(_) => false,
    }
}
