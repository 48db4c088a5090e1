//! Problem documents (RFC 9457): the one place that knows which error has which status.

mod code;
mod field;
mod framework;

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
pub use code::{Code, FIELD_CODES};
pub use field::{FieldError, Place};
pub use framework::from_framework;
use memo_application::{Error, Resource, UnauthenticatedReason};
use memo_domain::{InvalidValue, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{context::RequestContext, language::Language};

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    argument: Option<String>,
    errors: Vec<FieldError>,
    next_since: Option<u64>,
    mfa_token: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with this code.
    pub const fn new(code: Code) -> Self {
        Self { code, argument: None, errors: Vec::new(), next_since: None, mfa_token: None, headers: Vec::new() }
    }

    /// Of a fault of the server, which stands in its log alone.
    pub fn internal(error: impl std::error::Error + 'static) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
        Self::new(Code::InternalError)
    }

    /// With what its detail leaves open.
    pub fn about(mut self, argument: impl fmt::Display) -> Self {
        self.argument = Some(argument.to_string());
        self
    }

    /// With a header on the answer.
    pub fn with_header(mut self, name: HeaderName, value: impl fmt::Display) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.push((name, value));
        }
        self
    }

    /// Of a request that was parsed, but is not valid.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// Of a place from which the changes can't be followed.
    pub fn resync_required(next_since: u64) -> Self {
        Self { next_since: Some(next_since), ..Self::new(Code::ResyncRequired) }
    }

    /// Of a right password without the second factor, which is proved with this token.
    pub fn mfa_required(token: String) -> Self {
        let challenge = r#"Bearer realm="memo", error="mfa_required""#;
        Self { mfa_token: Some(token), ..Self::new(Code::MfaRequired).with_header(header::WWW_AUTHENTICATE, challenge) }
    }

    /// Of a member that proves nothing.
    fn of_proof(code: Code, pointer: &str) -> Self {
        Self { errors: vec![FieldError::new(Place::Pointer(pointer.into()), code.info().code)], ..Self::new(code) }
    }

    /// Of an address, a password or a code that is wrong.
    pub fn credentials_wrong() -> Self {
        Self::new(Code::CredentialsWrong).with_header(header::WWW_AUTHENTICATE, r#"Bearer realm="memo""#)
    }

    /// Of one operation of a batch: `errors` says of which one.
    fn of_operation(mut self, index: usize) -> Self {
        let operation = format!("/operations/{index}");
        if self.errors.is_empty() {
            self.errors.push(FieldError::new(Place::Pointer(operation), self.code.info().code));
        } else {
            let memo = operation + "/memo";
            self.errors = self.errors.into_iter().map(|error| error.within(&memo)).collect();
        }
        self
    }

    /// The answer, for one request.
    pub fn render(&self, context: &RequestContext) -> HttpResponse {
        let language = Language::preferred(context.accept_language.as_ref());
        let body = self.document(language, &context.instance, &context.request_id, &context.public_url);
        let mut answer = HttpResponse::build(self.code.info().status);
        for (name, value) in &self.headers {
            answer.append_header((name.clone(), value.clone()));
        }
        if self.code == Code::Draining {
            answer.force_close();
        }
        answer
            .content_type(MEDIA_TYPE)
            .insert_header((header::CONTENT_LANGUAGE, language.tag()))
            .insert_header((header::VARY, "Accept-Language"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(serde_json::to_string(&body).unwrap_or_default())
    }

    /// The document itself.
    pub fn document(&self, language: Language, instance: &str, request_id: &str, public_url: &str) -> ProblemDocument {
        let info = self.code.info();
        let errors: Vec<_> = self.errors.iter().map(|error| error.document(language)).collect();
        ProblemDocument {
            r#type: format!("{public_url}/docs/errors#{}", info.code),
            title: language.of(info.title).to_owned(),
            status: info.status.as_u16(),
            detail: fill(language.of(info.detail), self.argument.as_deref()),
            instance: instance.to_owned(),
            code: info.code.to_owned(),
            request_id: request_id.to_owned(),
            errors: if errors.is_empty() { None } else { Some(errors) },
            next_since: self.next_since,
            mfa_token: self.mfa_token.clone(),
        }
    }
}

/// Puts what differs from case to case into a text.
fn fill(text: &str, argument: Option<&str>) -> String {
    text.replace("{0}", argument.unwrap_or("…"))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.info().code)
    }
}

/// The body is made where the request is known: see `middleware::envelope`.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.info().status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { member, reason } => {
                let code = match reason {
                    InvalidValue::PasswordTooCommon => Code::PasswordTooCommon,
                    _ => Code::ValidationFailed,
                };
                Self { errors: vec![FieldError::member(member, reason)], ..Self::new(code) }
            }
            Error::NotFound(resource) => Self::new(match resource {
                Resource::Memo => Code::MemoNotFound,
                Resource::Tag => Code::NotFound,
                Resource::User => Code::UserNotFound,
                Resource::Session => Code::SessionNotFound,
                Resource::Identity => Code::IdentityNotFound,
                Resource::Provider => Code::ProviderNotFound,
            }),
            Error::PasswordWrong => Self::new(Code::PasswordWrong),
            Error::RecentSignInRequired => Self::new(Code::RecentSignInRequired),
            Error::InteractiveSignInRequired => Self::new(Code::InteractiveSignInRequired),
            Error::NotAdministrator => Self::new(Code::AdministratorRequired),
            Error::TooManyAttempts { retry_after } => Self::new(Code::TooManyAttempts).retry_after(retry_after),
            Error::TokenInvalid => Self::of_proof(Code::TokenInvalid, "/token"),
            Error::CodeWrong => Self::of_proof(Code::OtpWrong, "/code"),
            Error::MfaEnabled => Self::new(Code::MfaEnabled),
            Error::MfaNotBegun => Self::new(Code::MfaNotBegun),
            Error::LastWayToSignIn => Self::new(Code::LastWayToSignIn),
            Error::LastAdministrator => Self::new(Code::LastAdministrator),
            Error::StateInvalid => Self::new(Code::StateInvalid),
            Error::ProviderUnavailable { source } => {
                tracing::warn!(error = &*source as &dyn std::error::Error, "a social provider is out of reach");
                Self::new(Code::ProviderUnavailable).with_header(header::RETRY_AFTER, 10)
            }
            Error::NotOwner => Self::new(Code::NotOwner),
            Error::MemoTrashed => Self::new(Code::MemoTrashed),
            Error::PreconditionFailed => Self::new(Code::PreconditionFailed),
            Error::Operation { index, source } => Self::from(*source).of_operation(index),
            Error::ResyncRequired { next_since } => Self::resync_required(next_since),
            Error::EmailTaken => Self::new(Code::EmailTaken),
            Error::SignUpClosed => Self::new(Code::SignUpClosed),
            // The token endpoint answers these two in the form of RFC 6749.
            Error::InvalidGrant => Self::credentials_wrong(),
            Error::InvalidScope => Self::new(Code::BadRequest),
            Error::Unauthenticated(reason) => Self::unauthenticated(Some(reason)),
            Error::InsufficientScope(scope) => Self::insufficient_scope(scope),
            Error::Overloaded { retry_after } => Self::new(Code::Overloaded).retry_after(retry_after),
            Error::StoreUnavailable { source } => {
                tracing::warn!(error = &source as &dyn std::error::Error, "the store is unavailable");
                Self::new(Code::StoreUnavailable).with_header(header::RETRY_AFTER, 1)
            }
            Error::CacheUnavailable(source) => {
                tracing::warn!(error = &source as &dyn std::error::Error, "the cache is unavailable");
                Self::new(Code::CacheUnavailable).with_header(header::RETRY_AFTER, 1)
            }
            Error::Internal { source } => {
                tracing::error!(error = &*source as &dyn std::error::Error, "internal error");
                Self::new(Code::InternalError)
            }
        }
    }
}

/// Of a request whose members were checked one by one before: so this names none.
impl From<InvalidValue> for Problem {
    fn from(reason: InvalidValue) -> Self {
        Self::invalid(vec![FieldError::refused(Place::Pointer(String::new()), reason)])
    }
}

impl Problem {
    fn retry_after(self, time: std::time::Duration) -> Self {
        self.with_header(header::RETRY_AFTER, time.as_secs_f32().ceil().max(1.0))
    }

    /// Nobody is signed in (RFC 6750, section 3).
    pub fn unauthenticated(reason: Option<UnauthenticatedReason>) -> Self {
        let (code, challenge) = match reason {
            None => (Code::AuthenticationRequired, r#"Bearer realm="memo""#),
            Some(UnauthenticatedReason::Invalid) => {
                (Code::AccessTokenInvalid, r#"Bearer realm="memo", error="invalid_token""#)
            }
            Some(UnauthenticatedReason::Expired) => (
                Code::AccessTokenExpired,
                r#"Bearer realm="memo", error="invalid_token", error_description="The access token has expired""#,
            ),
            Some(UnauthenticatedReason::SessionEnded) => (
                Code::SignInEnded,
                r#"Bearer realm="memo", error="invalid_token", error_description="The sign-in has ended""#,
            ),
        };
        Self::new(code).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    fn insufficient_scope(scope: Scope) -> Self {
        let name = scope.name();
        let challenge = format!(r#"Bearer realm="memo", error="insufficient_scope", scope="{name}""#);
        Self::new(Code::InsufficientScope).about(name).with_header(header::WWW_AUTHENTICATE, challenge)
    }
}

/// An error, told to people and programs (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Names the kind of problem; the page it leads to explains it.
    #[schema(format = "uri")]
    pub r#type: String,
    /// The kind of problem in a few words, in the language of `Accept-Language`.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What to do about it.
    pub detail: String,
    /// The path that was asked for.
    #[schema(format = "uri-reference")]
    pub instance: String,
    /// Stable: programs decide by this.
    #[schema(pattern = "^[a-z_]+$")]
    pub code: String,
    /// Names this request in the log.
    #[schema(min_length = 1, max_length = 64)]
    pub request_id: String,
    /// What to correct, where the status is 422; of a batch that failed, which operation it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub errors: Option<Vec<FieldErrorDocument>>,
    /// Where to go on after the memos were listed anew, where the code is `resync_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_since: Option<u64>,
    /// What the second step of the sign-in needs, where the code is `mfa_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mfa_token: Option<String>,
}

/// One thing to correct: `pointer` names a member of the body (RFC 6901), `parameter` one of the query.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorDocument {
    /// A JSON Pointer into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// The name of a query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// Stable: programs decide by this.
    #[schema(pattern = "^[a-z_]+$")]
    pub code: String,
    /// What to do about it.
    pub detail: String,
}
