//! Conditional requests (RFC 9110, section 13).

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, EntityTag, Header, HeaderName, IfMatch as Header_, IfNoneMatch},
};
use memo_application::Precondition;
use memo_domain::Version;

use crate::{
    problem::{Code, Problem},
    respond::version_of,
};

/// What `If-Match` asks for.
pub struct IfMatch(pub Precondition);

impl FromRequest for IfMatch {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(precondition(request).map(Self).map_err(Into::into))
    }
}

fn precondition(request: &HttpRequest) -> Result<Precondition, Problem> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Ok(Precondition::None);
    }
    match Header_::parse(request).map_err(|_| invalid(&header::IF_MATCH))? {
        Header_::Any => Ok(Precondition::None),
        // A weak tag never matches here.
        Header_::Items(tags) => {
            Ok(Precondition::OneOf(tags.iter().filter(|tag| !tag.weak).filter_map(version).collect()))
        }
    }
}

fn version(tag: &EntityTag) -> Option<Version> {
    version_of(tag.tag())
}

/// Whether `If-None-Match` names this tag: then the client has the body already.
pub fn none_match(request: &HttpRequest, tag: &str) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.tag() == tag),
        // What can't be parsed names no tag: the answer comes whole.
        Err(_) => false,
    }
}

fn invalid(name: &HeaderName) -> Problem {
    Problem::new(Code::InvalidHeader).about(name)
}
