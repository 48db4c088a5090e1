use std::io;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    web::Bytes,
};
use memo_domain::Version;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::conditions::none_match;
use crate::{compression::Coded, problem::Problem};

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

/// An encoded body and its `ETag`.
#[derive(Debug, Clone)]
pub struct Representation {
    pub body: Bytes,
    pub etag: HeaderValue,
    coded: Option<Coded>,
}

impl Representation {
    /// Encodes a body, of something with or without a version.
    pub fn new(version: Option<Version>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        let hash = xxh3_128(&body);
        let etag = match version {
            Some(version) => format!("\"{}-{hash:032x}\"", version.get()),
            None => format!("\"{hash:032x}\""),
        };
        Ok(Self { body: body.into(), etag: etag.try_into().map_err(Problem::internal)?, coded: None })
    }

    /// The same representation, which is sent repeatedly: it is compressed once.
    pub fn repeated(self) -> Self {
        Self { coded: Some(Coded::default()), ..self }
    }

    /// The response: 304 if the client has the body.
    pub fn respond(self, request: &HttpRequest, status: StatusCode) -> HttpResponse {
        let is_known = request.method() == Method::GET && none_match(request, self.etag.to_str().unwrap_or_default());
        let etag = (header::ETAG, self.etag);
        if is_known {
            return HttpResponse::NotModified().insert_header(etag).finish();
        }
        let mut response = HttpResponse::build(status)
            .insert_header(etag)
            .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")))
            .body(self.body);
        if let Some(coded) = self.coded {
            response.extensions_mut().insert(coded);
        }
        response
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
