//! Problem documents (RFC 9457). [`mapping`] alone decides which error has which status.

mod code;
mod field;
mod field_code;
mod framework;
mod mapping;
mod oauth;

use memo_domain::Causes;
use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
pub use code::Code;
pub use field::{FieldError, FieldErrorDocument, Place};
pub use field_code::FieldCode;
pub use framework::from_framework;
pub use oauth::GrantRefusal;
#[cfg(test)]
pub use oauth::TokenError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Language;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Where problem types are registered.
const REGISTRY: &str = "https://iana.org/assignments/http-problem-types#";
/// The maximum number of entries in `errors`.
pub const MAX_ERRORS: usize = 20;

/// An error response before it is rendered.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    argument: Option<String>,
    errors: Vec<FieldError>,
    /// Boxed, since most problems have none.
    extensions: Option<Box<Extensions>>,
    refusal: Option<GrantRefusal>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Fields of single codes.
#[derive(Debug, Clone, Default)]
struct Extensions {
    next_since: Option<u64>,
    mfa_token: Option<String>,
    violated_policy: Option<&'static str>,
    reason: Option<&'static str>,
    /// The registered type of the problem (RFC 9457, section 4.2), in place of one of this server.
    registered: Option<&'static str>,
    algorithm: Option<&'static str>,
    provided_digest: Option<String>,
    unsupported_algorithm: Option<String>,
}

/// The request that a problem document is about.
pub struct Occurrence<'a> {
    /// The language of its texts.
    pub language: Language,
    /// The path of the request.
    pub instance: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
    /// The base URL of this server.
    pub public_url: &'a str,
}

impl Problem {
    /// A problem with this code.
    pub const fn new(code: Code) -> Self {
        Self { code, argument: None, errors: Vec::new(), extensions: None, refusal: None, headers: Vec::new() }
    }

    /// A failure of the server, whose cause is only logged.
    pub fn internal(error: impl std::error::Error + 'static) -> Self {
        tracing::error!(error = %Causes(&error), "request failed");
        Self::new(Code::InternalError)
    }

    /// A request that was parsed, but is invalid.
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        errors.truncate(MAX_ERRORS);
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// Fills in the `{0}` of the detail.
    pub fn about(mut self, argument: impl fmt::Display) -> Self {
        self.argument = Some(argument.to_string());
        self
    }

    fn with_extensions(self, extensions: Extensions) -> Self {
        Self { extensions: Some(Box::new(extensions)), ..self }
    }

    /// Adds a header to the response.
    pub fn with_header(mut self, name: HeaderName, value: impl fmt::Display) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.push((name, value));
        }
        self
    }

    /// At the token endpoint, this problem refuses the grant.
    const fn refusing(mut self, refusal: GrantRefusal) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// The response.
    pub fn render(&self, occurrence: &Occurrence<'_>) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.info().status);
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        if self.code == Code::Draining {
            response.force_close();
        }
        response
            .content_type(MEDIA_TYPE)
            .insert_header((header::CONTENT_LANGUAGE, occurrence.language.tag()))
            .append_header((header::VARY, "Accept-Language"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(serde_json::to_string(&self.document(occurrence)).unwrap_or_default())
    }

    /// The document.
    pub fn document(&self, occurrence: &Occurrence<'_>) -> ProblemDocument {
        let Occurrence { language, instance, request_id, public_url } = *occurrence;
        let info = self.code.info();
        let errors: Vec<_> = self.errors.iter().map(|error| error.document(language)).collect();
        let extensions = self.extensions.as_deref().cloned().unwrap_or_default();
        ProblemDocument {
            r#type: match extensions.registered {
                Some(name) => format!("{REGISTRY}{name}"),
                None => format!("{public_url}/docs/errors#{}", info.code),
            },
            title: language.of(info.title).to_owned(),
            status: info.status.as_u16(),
            detail: fill(language.of(info.detail), self.argument.as_deref()),
            instance: instance.to_owned(),
            code: info.code.to_owned(),
            request_id: request_id.to_owned(),
            errors: if errors.is_empty() { None } else { Some(errors) },
            next_since: extensions.next_since,
            mfa_token: extensions.mfa_token,
            violated_policies: extensions.violated_policy.map(|policy| vec![policy.to_owned()]),
            reason: extensions.reason,
            algorithm: extensions.algorithm,
            provided_digest: extensions.provided_digest,
            unsupported_algorithm: extensions.unsupported_algorithm,
        }
    }
}

fn fill(text: &str, argument: Option<&str>) -> String {
    text.replace("{0}", argument.unwrap_or("…"))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.info().code)
    }
}

/// The middleware `envelope` renders the body, since it knows the request.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.info().status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// An error, for people and programs (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Identifies the kind of problem; the page at this URL explains it.
    #[schema(format = "uri")]
    pub r#type: String,
    /// The kind of problem in a few words, in the language of `Accept-Language`.
    pub title: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What to do about it.
    pub detail: String,
    /// The path of the request.
    #[schema(format = "uri-reference")]
    pub instance: String,
    /// Stable, for programs.
    #[schema(pattern = "^[a-z_]+$")]
    pub code: String,
    /// Identifies this request in the log.
    #[schema(min_length = 1, max_length = 64)]
    pub request_id: String,
    /// What to correct, if the status is 422; for a failed batch, which operation failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 20)]
    pub errors: Option<Vec<FieldErrorDocument>>,
    /// Where to continue after listing all memos again, if the code is `resync_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_since: Option<u64>,
    /// The token of the second step, if the code is `mfa_required`. It is valid for 5 minutes, and accepts up to five wrong
    /// codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mfa_token: Option<String>,
    /// The rate limits that the request exceeds, if the code is `rate_limited`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub violated_policies: Option<Vec<String>>,
    /// Why the store can be read, but not written to, if the code is `store_unavailable`: `disk_full`, `read_only` or
    /// `disk_error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[a-z_]+$")]
    pub reason: Option<&'static str>,
    /// The algorithm of the digest, if the code is `digest_mismatch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub algorithm: Option<&'static str>,
    /// The digest of the request, if the code is `digest_mismatch`.
    #[serde(rename = "provided-digest", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provided_digest: Option<String>,
    /// The algorithm of the digest, if the code is `digest_unsupported`.
    #[serde(rename = "unsupported-algorithm", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unsupported_algorithm: Option<String>,
}
