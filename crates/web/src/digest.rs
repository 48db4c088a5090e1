//! Digests of bodies (RFC 9530): a `Content-Digest` that is sent is verified before anything is done.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING},
    web::Bytes,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{Stream, StreamExt};
use sfv::{BareItem, Dictionary, ListEntry, Parser};
use sha2::{Digest as _, Sha256, Sha512};

use crate::problem::{Code, Problem};

/// The header with digests of a body.
pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The digests that a body must have: one at least.
pub struct Digests(Vec<Digest>);

/// A digest that a body must have, and that of what was read of it.
struct Digest {
    algorithm: &'static str,
    expected: Vec<u8>,
    hasher: Hasher,
}

enum Hasher {
    Sha256(Sha256),
    // Boxed, since it is twice as large.
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// The hasher of an algorithm (RFC 9530, section 5) with the length of its digests; `None` if it is not supported.
    fn named(name: &str) -> Option<(&'static str, usize, Self)> {
        match name {
            "sha-256" => Some(("sha-256", 32, Self::Sha256(Sha256::new()))),
            "sha-512" => Some(("sha-512", 64, Self::Sha512(Box::default()))),
            _ => None,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

impl Digests {
    /// The digests that a request was sent with; `None` without any.
    ///
    /// # Errors
    /// `digest_invalid`, or `digest_unsupported` if no digest is of a supported algorithm; others are ignored.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(header) = structured(headers, &CONTENT_DIGEST) else { return Ok(None) };
        let malformed = || Problem::new(Code::DigestInvalid);
        let entries: Dictionary = Parser::new(&header).parse().map_err(|_| malformed())?;
        let Some((first, _)) = entries.first() else { return Ok(None) };
        let mut digests = Vec::new();
        for (name, value) in &entries {
            let Some((algorithm, length, hasher)) = Hasher::named(name.as_str()) else { continue };
            let ListEntry::Item(item) = value else { return Err(malformed()) };
            let BareItem::ByteSequence(expected) = &item.bare_item else { return Err(malformed()) };
            if expected.len() != length {
                return Err(Problem::digest_invalid_value());
            }
            digests.push(Digest { algorithm, expected: expected.clone(), hasher });
        }
        if digests.is_empty() { Err(Problem::digest_unsupported(first.as_str())) } else { Ok(Some(Self(digests))) }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|digest| digest.hasher.update(bytes));
    }

    /// Compares the digests with those of the whole body.
    fn finish(&mut self) -> Result<(), Problem> {
        for Digest { algorithm, expected, hasher } in self.0.drain(..) {
            if hasher.finish() != expected {
                return Err(Problem::digest_mismatch(algorithm, format!(":{}:", STANDARD.encode(expected))));
            }
        }
        Ok(())
    }

    /// Verifies a body while it is read: with another digest, its end is an error.
    pub fn verify_when_read(self, request: &mut ServiceRequest) {
        let payload = request.take_payload();
        request.set_payload(Payload::Stream { payload: Box::pin(Verified { payload, digests: self }) });
    }

    /// Reads and verifies a body that is not read otherwise, up to this size.
    ///
    /// # Errors
    /// `digest_mismatch`, or `body_too_large`.
    pub async fn verify_ignored(mut self, request: &mut ServiceRequest, limit: usize) -> Result<(), Problem> {
        if !announces_body(request.headers()) {
            return self.finish();
        }
        let mut payload = request.take_payload();
        let mut size = 0;
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| unreadable(&error))?;
            size += chunk.len();
            if size > limit {
                return Err(Problem::new(Code::BodyTooLarge).about(limit));
            }
            self.update(&chunk);
        }
        self.finish()
    }
}

/// Whether a request has a body (RFC 9112, section 6.3). The framework takes for one what follows a handshake.
fn announces_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// All lines of a structured field (RFC 9651, section 4.2); `None` without any.
pub fn structured(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<_> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    if lines.is_empty() { None } else { Some(lines.join(&b", "[..])) }
}

/// A body that is verified at its end.
struct Verified {
    payload: Payload,
    digests: Digests,
}

impl Stream for Verified {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.payload.poll_next_unpin(context)) {
            Some(Ok(chunk)) => {
                self.digests.update(&chunk);
                Some(Ok(chunk))
            }
            None => match self.digests.finish() {
                Ok(()) => None,
                Err(problem) => Some(Err(PayloadError::Io(io::Error::other(Mismatch(problem))))),
            },
            error => error,
        })
    }
}

/// The problem of a body, on its way through the error of its stream.
#[derive(Debug)]
struct Mismatch(Problem);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Mismatch {}

/// The problem of a body that can't be read to its end.
pub fn unreadable(error: &PayloadError) -> Problem {
    let problem = match error {
        PayloadError::Io(error) => error.get_ref().and_then(|error| error.downcast_ref::<Mismatch>()),
        _ => None,
    };
    problem.map_or_else(|| Problem::new(Code::BadRequest), |Mismatch(problem)| problem.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    const HELLO_512: &str =
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

    /// The result for the body `{"hello": "world"}` with these lines.
    fn verify(lines: &[&str]) -> Result<bool, String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_DIGEST, HeaderValue::from_str(line).expect("a value"));
        }
        let Some(mut digests) = Digests::of(&headers).map_err(|problem| problem.to_string())? else { return Ok(false) };
        for part in [&b"{\"hello\": "[..], b"", b"\"world\"}"] {
            digests.update(part);
        }
        digests.finish().map(|()| true).map_err(|problem| problem.to_string())
    }

    #[test]
    fn digests_of_rfc_9530_are_verified() {
        assert_eq!(verify(&[HELLO]), Ok(true));
        assert_eq!(verify(&[HELLO, HELLO_512]), Ok(true));
        assert_eq!(verify(&[&format!("md5=:AAAA:, {HELLO};a=1")]), Ok(true), "others are ignored");
        assert_eq!(verify(&[]), Ok(false));
        assert_eq!(verify(&[""]), Ok(false), "an empty dictionary is no field");
    }

    #[test]
    fn each_digest_must_match() {
        let other = HELLO.replace("X48E", "X48F");
        for lines in [&[&*other][..], &[&other, HELLO_512], &[HELLO_512, &other]] {
            assert_eq!(verify(lines), Err("digest_mismatch".to_owned()), "{lines:?}");
        }
    }

    #[test]
    fn malformed_and_unsupported_digests_are_told_apart() {
        for (line, code) in [
            ("sha-256=:AAAA:", "digest_invalid"),
            ("sha-512=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", "digest_invalid"),
            ("sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=", "digest_invalid"),
            ("sha-256", "digest_invalid"),
            ("sha-256=(:AAAA:)", "digest_invalid"),
            ("SHA-256=:AAAA:", "digest_invalid"),
            ("\"", "digest_invalid"),
            ("md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", "digest_unsupported"),
            ("sha=:AAAA:, unixsum=1", "digest_unsupported"),
        ] {
            assert_eq!(verify(&[line]), Err(code.to_owned()), "{line}");
        }
    }
}
