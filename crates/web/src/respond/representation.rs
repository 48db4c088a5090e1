use std::io;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, EntityTag},
    },
    web::Bytes,
};
use memo_domain::Version;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::conditions::none_match;
use crate::problem::Problem;

/// JSON with an `ETag` of the whole body: 304 if the client has it.
pub fn revalidated(request: &HttpRequest, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    Ok(Representation::new(None, body)?.respond(request, StatusCode::OK))
}

/// JSON of something with a version, which its `ETag` contains for `If-Match`.
pub fn versioned(
    request: &HttpRequest,
    status: StatusCode,
    version: Version,
    body: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    Ok(Representation::new(Some(version), body)?.respond(request, status))
}

/// Returns the size of something as JSON, in bytes.
pub fn json_size(value: &impl Serialize) -> usize {
    struct Count(usize);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // Counting cannot fail, nor can keys that are strings.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// An encoded body and its tag.
#[derive(Clone)]
pub struct Representation {
    pub body: Bytes,
    tag: String,
}

impl Representation {
    /// Encodes a body, of something with or without a version.
    pub fn new(version: Option<Version>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        let hash = xxh3_128(&body);
        let tag = version.map_or_else(|| format!("{hash:032x}"), |version| format!("{}-{hash:032x}", version.get()));
        Ok(Self { body: body.into(), tag })
    }

    /// The response: 304 if the client has the body.
    pub fn respond(&self, request: &HttpRequest, status: StatusCode) -> HttpResponse {
        let etag = header::ETag(EntityTag::new_strong(self.tag.clone()));
        if request.method() == Method::GET && none_match(request, &self.tag) {
            return HttpResponse::NotModified().insert_header(etag).finish();
        }
        HttpResponse::build(status)
            .insert_header(etag)
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .body(self.body.clone())
    }
}

/// The version in a tag that [`versioned`] made.
pub fn version_of(tag: &str) -> Option<Version> {
    let (version, hash) = tag.split_once('-')?;
    let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A number has one text form, so that no two tags mean the same version.
    let number: u32 = version.parse().ok().filter(|number: &u32| is_hash && number.to_string() == version)?;
    Some(Version::new(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_own_tags_only() {
        let hash = "0123456789abcdef0123456789abcdef";
        assert_eq!(version_of(&format!("7-{hash}")), Some(Version::new(7)));
        for tag in ["", "7", "7-", "-7", &format!("+7-{hash}"), &format!("07-{hash}"), &format!("7-{hash}0"), hash] {
            assert_eq!(version_of(tag), None, "{tag}");
        }
    }
}
