use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    http::{Method, header},
    web::{Bytes, BytesMut, Data},
};
use futures_util::StreamExt;
use garde::Validate;
use serde::Deserialize;
use tokio::time::timeout;
use xxhash_rust::xxh3::xxh3_128;

use super::{
    Input,
    depth::too_deep,
    input_as_is,
    object::{parse, value, well_formed},
    refusals::{Refusals, Refused},
};
use crate::{
    context::RequestContext,
    digest::unreadable,
    idempotency::IDEMPOTENCY_KEY,
    load::Load,
    policy::Policy,
    problem::{Code, Problem},
    settings::HttpSettings,
};

/// Implements `FromRequest` for extractors that read the whole body.
macro_rules! from_body {
    ($(@[$($generics:tt)*])? $extractor:ty: $read:expr) => {
        impl $(<$($generics)*>)? actix_web::FromRequest for $extractor {
            type Error = actix_web::Error;
            type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

            fn from_request(request: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
                let read: fn(&[u8]) -> Result<Self, crate::problem::Problem> = $read;
                let incoming = crate::input::body::Incoming::of(request, payload);
                Box::pin(async move {
                    let body = incoming?.read().await?;
                    Ok(crate::offload::offload(body.len(), move || read(&body)).await?)
                })
            }
        }
    };
}

pub(super) use from_body;

/// What a body of one JSON object is read as.
pub trait FromBody: 'static {
    /// What it is read as.
    type Command: Send + 'static;

    /// Reads it, and reports every invalid value. If the text is not JSON, any report will do.
    fn from_json(json: &[u8], refused: &mut Refusals) -> Result<Self::Command, Refused>;
}

impl<I: Input<Command: Send + 'static>> FromBody for I {
    type Command = I::Command;

    fn from_json(json: &[u8], refused: &mut Refusals) -> Result<Self::Command, Refused> {
        parse::<Self>(json, refused)?.read(refused)
    }
}

/// The command of a JSON body.
pub struct Json<B: FromBody>(pub B::Command);

from_body!(@[B: FromBody] Json<B>: |bytes| read::<B>(bytes).map(Self));

/// No body, or an empty object.
pub struct EmptyBody;

from_body!(EmptyBody: |bytes| {
    if !bytes.trim_ascii().is_empty() {
        read::<Empty>(bytes)?;
    }
    Ok(Self)
});

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Empty {}

input_as_is!(Empty);

/// A body that is about to be read.
pub struct Incoming {
    payload: Payload,
    limit: usize,
    length: Option<usize>,
    /// The time limit, if the request has none.
    time: Option<Duration>,
    /// The request, if it needs a digest of its body.
    digested: Option<HttpRequest>,
    /// The load of this node, of which a request that waits for its client is no part.
    load: Option<Load>,
}

impl Incoming {
    /// The body of a request, as the policy of its route accepts it.
    pub fn of(request: &HttpRequest, payload: &mut Payload) -> Result<Self, Problem> {
        let (policy, settings) = accepted(request)?;
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let time = policy.has_idle_timeout.then_some(settings.request_timeout);
        let has_key = policy.is_idempotent && request.headers().contains_key(IDEMPOTENCY_KEY);
        let digested = has_key.then(|| request.clone());
        let load = RequestContext::read(request, |context| context.load.clone()).flatten();
        let limit = policy.size.limit(settings.body_limit);
        Ok(Self { payload: payload.take(), limit, length, time, digested, load })
    }

    /// Reads it whole.
    pub async fn read(self) -> Result<Bytes, Problem> {
        let Some(time) = self.time else { return self.read_all().await };
        let read = timeout(time, self.read_all()).await;
        read.map_err(|_| Problem::timed_out())?
    }

    async fn read_all(mut self) -> Result<Bytes, Problem> {
        let too_large = || Problem::new(Code::BodyTooLarge).about(self.limit);
        if self.length.is_some_and(|length| length > self.limit) {
            return Err(too_large());
        }
        let waiting = self.load.as_ref().map(Load::pause);
        let mut body = BytesMut::with_capacity(self.length.unwrap_or(0).min(64 * 1024));
        while let Some(chunk) = self.payload.next().await {
            let chunk = chunk.map_err(|error| unreadable(&error))?;
            if body.len() + chunk.len() > self.limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        drop(waiting);
        if let Some(request) = self.digested
            && let Some(context) = request.extensions_mut().get_mut::<RequestContext>()
        {
            context.body_digest = Some(xxh3_128(&body));
        }
        Ok(body.freeze())
    }
}

/// The policy of the route and the settings, if the coding and the media type of the body are accepted.
pub fn accepted(request: &HttpRequest) -> Result<(&'static Policy, Data<HttpSettings>), Problem> {
    let (Some(policy), Some(settings)) = (RequestContext::policy(request), request.app_data().cloned()) else {
        return Err(Problem::new(Code::InternalError));
    };
    check_coding(request)?;
    check_media_type(request, policy.body.media_types())?;
    Ok((policy, settings))
}

/// Requires a body that is not compressed (RFC 9110, section 8.4): nothing here could read another one.
fn check_coding(request: &HttpRequest) -> Result<(), Problem> {
    let mut codings = request
        .headers()
        .get_all(header::CONTENT_ENCODING)
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if codings.all(|coding| coding.trim_ascii().is_empty() || coding.trim_ascii().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedContentEncoding).with_header(header::ACCEPT_ENCODING, "identity"))
}

/// Requires one of these media types, if there is any, and UTF-8 if a character set is named.
pub fn check_media_type(request: &HttpRequest, allowed: &[&str]) -> Result<(), Problem> {
    let Some(preferred) = allowed.first() else { return Ok(()) };
    let header = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = header.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let is_utf8 = parts.filter_map(|part| part.trim().split_once('=')).all(|(name, value)| {
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if is_utf8 && allowed.iter().any(|allowed| essence.eq_ignore_ascii_case(allowed)) {
        return Ok(());
    }
    let accept = if *request.method() == Method::PATCH { "accept-patch" } else { "accept" };
    let problem = Problem::new(Code::UnsupportedMediaType).about(preferred);
    Err(problem.with_header(header::HeaderName::from_static(accept), allowed.join(", ")))
}

/// Reads a JSON object.
pub fn read<B: FromBody>(bytes: &[u8]) -> Result<B::Command, Problem> {
    if too_deep(bytes) {
        return Err(Problem::new(Code::JsonTooDeep));
    }
    let mut refused = Refusals::of_body();
    let command = B::from_json(bytes, &mut refused);
    refused.finish(command).or_else(|problem| {
        // A text that cannot be parsed to its end is not JSON, even if its beginning is.
        well_formed(bytes)?;
        Err(problem)
    })
}

/// Reads a line that is an object; `None` if its `kind` is another one.
pub fn read_line<I: Input>(line: &[u8], number: usize, kind: &str) -> Result<Option<I::Command>, Problem> {
    if too_deep(line) {
        return Err(Problem::new(Code::JsonTooDeep));
    }
    let not_json =
        |column: usize| Problem::new(Code::InvalidJson).about(format_args!("line {}, column {column}", number + 1));
    // serde does not look into the strings that it skips.
    std::str::from_utf8(line).map_err(|error| not_json(error.valid_up_to() + 1))?;
    let mut refused = Refusals::of_body();
    let command = refused.within(number.to_string(), |refused| {
        if parse::<Kind>(line, refused)?.kind != kind {
            return Ok(None);
        }
        parse::<I>(line, refused)?.read(refused).map(Some)
    });
    refused.finish(command).or_else(|problem| {
        value(line).map_err(|error| not_json(error.column()))?;
        Err(problem)
    })
}

#[derive(Deserialize, Validate)]
#[garde(allow_unvalidated)]
struct Kind {
    kind: String,
}
