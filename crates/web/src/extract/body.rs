use std::{future::Future, marker::PhantomData, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use garde::Validate;
use serde::de::DeserializeOwned;

use super::{
    depth::too_deep,
    object::{FromJson, object, value, well_formed},
};
use crate::{
    limits::Limits,
    problem::{Code, Problem},
};

/// Which media types a JSON body may have, and how large it may be.
pub trait JsonKind: 'static {
    /// The first one is the one to name.
    const MEDIA_TYPES: &'static [&'static str];

    /// The most bytes.
    fn limit(limits: Limits) -> usize {
        limits.body
    }
}

/// `application/json`.
pub struct Plain;

impl JsonKind for Plain {
    const MEDIA_TYPES: &'static [&'static str] = &["application/json"];
}

/// `application/json` with the work of many requests.
pub struct Batch;

impl JsonKind for Batch {
    const MEDIA_TYPES: &'static [&'static str] = Plain::MEDIA_TYPES;

    fn limit(limits: Limits) -> usize {
        limits.body.max(Limits::BATCH)
    }
}

/// A JSON Merge Patch (RFC 7396).
pub struct MergePatch;

impl JsonKind for MergePatch {
    const MEDIA_TYPES: &'static [&'static str] = &["application/merge-patch+json", "application/json"];
}

/// A JSON body, parsed and valid.
pub struct Json<T, K = Plain> {
    /// The body.
    pub value: T,
    kind: PhantomData<K>,
}

impl<T, K> FromRequest for Json<T, K>
where
    T: FromJson + 'static,
    K: JsonKind,
{
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let allowed = check_media_type(request, K::MEDIA_TYPES);
        let limit = K::limit(Limits::of(request));
        let payload = payload.take();
        let length = content_length(request);
        Box::pin(async move {
            allowed?;
            let bytes = read(payload, limit, length).await?;
            Ok(Self { value: parse(&bytes)?, kind: PhantomData })
        })
    }
}

/// No body, or an empty object: what it would say is not understood here.
pub struct NoBody;

impl FromRequest for NoBody {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = Limits::of(request).body;
        let payload = payload.take();
        let length = content_length(request);
        Box::pin(async move {
            let bytes = read(payload, limit, length).await?;
            if !bytes.trim_ascii().is_empty() {
                parse::<Empty>(&bytes)?;
            }
            Ok(Self)
        })
    }
}

#[derive(serde::Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(mut payload: Payload, limit: usize, length: Option<usize>) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge).about(limit);
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::with_capacity(length.unwrap_or(0).min(64 * 1024));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub(super) fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the body is of one of these media types, in UTF-8 where it says so.
pub fn check_media_type(request: &HttpRequest, allowed: &[&str]) -> Result<(), Problem> {
    let header = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = header.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let utf8 = parts.filter_map(|part| part.trim().split_once('=')).all(|(name, value)| {
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if utf8 && allowed.iter().any(|allowed| essence.eq_ignore_ascii_case(allowed)) {
        return Ok(());
    }
    let problem = Problem::new(Code::UnsupportedMediaType).about(allowed.first().copied().unwrap_or_default());
    let accept = if *request.method() == actix_web::http::Method::PATCH { "accept-patch" } else { "accept" };
    Err(problem.with_header(header::HeaderName::from_static(accept), allowed.join(", ")))
}

/// Reads a line that is an object with a `kind`; `None` where that is not `memo`.
pub fn parse_line<T: DeserializeOwned + Validate<Context = ()>>(
    line: &[u8],
    number: usize,
) -> Result<Option<T>, Problem> {
    if too_deep(line) {
        return Err(Problem::new(Code::JsonTooDeep));
    }
    let not_json =
        |column: usize| Problem::new(Code::InvalidJson).about(format_args!("line {}, column {column}", number + 1));
    // What is read over may be anything, but it is text.
    std::str::from_utf8(line).map_err(|error| not_json(error.valid_up_to() + 1))?;
    let at = [number.to_string()];
    let read = || match object::<Kind>(line, &at)?.kind.as_str() {
        "memo" => object(line, &at).map(Some),
        _ => Ok(None),
    };
    read().or_else(|errors| {
        value(line).map_err(|error| not_json(error.column()))?;
        Err(Problem::invalid(errors))
    })
}

#[derive(serde::Deserialize, Validate)]
struct Kind {
    #[garde(skip)]
    kind: String,
}

fn parse<T: FromJson>(bytes: &[u8]) -> Result<T, Problem> {
    if too_deep(bytes) {
        return Err(Problem::new(Code::JsonTooDeep));
    }
    T::from_json(bytes).or_else(|errors| {
        // What can't be parsed to its end is no JSON, whatever its beginning says.
        well_formed(bytes)?;
        Err(Problem::invalid(errors))
    })
}
