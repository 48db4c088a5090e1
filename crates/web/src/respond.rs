//! Answers that several operations give alike.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, EntityTag},
    },
    web::Bytes,
};
use memo_domain::Version;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    extract::none_match,
    problem::{Code, Problem},
};

/// JSON with an `ETag` over all of it: 304 where the client has it already.
pub fn revalidated(request: &HttpRequest, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    tagged(request, StatusCode::OK, None, body)
}

/// JSON of something with a version: its `ETag` carries the version, for `If-Match`.
pub fn versioned(
    request: &HttpRequest,
    status: StatusCode,
    version: Version,
    body: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    tagged(request, status, Some(version), body)
}

fn tagged(
    request: &HttpRequest,
    status: StatusCode,
    version: Option<Version>,
    body: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    Ok(Representation::new(version, body)?.answer(request, status))
}

/// A body as it is sent, and its tag.
#[derive(Clone)]
pub struct Representation {
    pub body: Bytes,
    tag: String,
}

impl Representation {
    /// Of something with a version or without one.
    pub fn new(version: Option<Version>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "an answer can't be written");
            Problem::new(Code::InternalError)
        })?;
        let hash = xxh3_128(&body);
        let tag = version.map_or_else(|| format!("{hash:032x}"), |version| format!("{}-{hash:032x}", version.get()));
        Ok(Self { body: body.into(), tag })
    }

    /// The answer that has it: 304 where the client has it already.
    pub fn answer(&self, request: &HttpRequest, status: StatusCode) -> HttpResponse {
        let is_get = request.method() == actix_web::http::Method::GET;
        let etag = header::ETag(EntityTag::new_strong(self.tag.clone()));
        if is_get && none_match(request, &self.tag) {
            return HttpResponse::NotModified().insert_header(etag).finish();
        }
        HttpResponse::build(status)
            .insert_header(etag)
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .body(self.body.clone())
    }
}

/// The version that a tag made by [`versioned`] carries.
pub fn version_of(tag: &str) -> Option<Version> {
    let (version, hash) = tag.split_once('-')?;
    let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    // One text form a number, so that no two tags mean one version.
    let number: u32 = version.parse().ok().filter(|number: &u32| is_hash && number.to_string() == version)?;
    Some(Version::new(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_made_here_carry_a_version() {
        let hash = "0123456789abcdef0123456789abcdef";
        assert_eq!(version_of(&format!("7-{hash}")), Some(Version::new(7)));
        for tag in ["", "7", "7-", "-7", &format!("+7-{hash}"), &format!("07-{hash}"), &format!("7-{hash}0"), hash] {
            assert_eq!(version_of(tag), None, "{tag}");
        }
    }
}
