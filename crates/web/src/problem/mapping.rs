//! Errors of the use cases as problems: the only place that decides which error has which status.

use std::{io::ErrorKind, time::Duration};

use actix_web::http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use memo_application::{ArchiveError, Error, UnauthenticatedReason};
use memo_domain::{Causes, InvalidValue, Scope, StoreError, Unwritable};

use crate::rate::seconds;

use super::{Code, Extensions, FieldError, GrantRefusal, Place, Problem, field::field_code};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { field, reason } => {
                let code = match reason {
                    InvalidValue::PasswordTooCommon => Code::PasswordTooCommon,
                    _ => Code::ValidationFailed,
                };
                let place = Place::Pointer(format!("/{field}"));
                Self { errors: vec![FieldError::refused(place, reason)], ..Self::new(code) }
            }
            Error::InvalidId { reason } => {
                let id = FieldError::refused(Place::Parameter("id".to_owned()), reason);
                Self { errors: vec![id], ..Self::new(Code::ValidationFailed) }
            }
            Error::NotFound(resource) => Self::new(resource.into()),
            Error::PasswordWrong => Self::new(Code::PasswordWrong),
            Error::RecentSignInRequired => Self::new(Code::RecentSignInRequired),
            Error::ProofRequired => Self::new(Code::ProofRequired),
            Error::EmailNotVerified => Self::new(Code::EmailNotVerified),
            Error::InteractiveSignInRequired => Self::new(Code::InteractiveSignInRequired),
            Error::NotAdministrator => Self::new(Code::AdministratorRequired),
            Error::TooManyAttempts { retry_after } => Self::rate_limited("account", retry_after),
            Error::TokenInvalid => Self::of_field(Code::TokenInvalid, "/token"),
            Error::CodeWrong => Self::of_field(Code::OtpWrong, "/code"),
            Error::MfaEnabled => Self::new(Code::MfaEnabled),
            Error::MfaNotBegun => Self::new(Code::MfaNotBegun),
            Error::LastWayToSignIn => Self::new(Code::LastWayToSignIn),
            Error::LastAdministrator => Self::new(Code::LastAdministrator),
            Error::StateInvalid => Self::new(Code::StateInvalid),
            Error::ProviderUnavailable { source } => {
                tracing::warn!(error = %Causes(&*source), "social provider unreachable");
                Self::new(Code::ProviderUnavailable).with_header(RETRY_AFTER, 10)
            }
            Error::FeatureDisabled => Self::new(Code::FeatureDisabled),
            Error::UpstreamFailed { source, retry_after } => {
                tracing::warn!(error = %Causes(&*source), "the language model failed");
                let problem = Self::new(Code::UpstreamFailed);
                if let Some(time) = retry_after { problem.retry_after(time) } else { problem }
            }
            Error::UpstreamTimeout => {
                tracing::warn!("the language model did not answer in time");
                Self::new(Code::UpstreamTimeout)
            }
            Error::ApiKeyLimitReached => Self::new(Code::ApiKeyLimitReached),
            Error::WebhookLimitReached => Self::new(Code::WebhookLimitReached),
            Error::WebhookBusy => Self::new(Code::WebhookBusy).with_header(RETRY_AFTER, 15),
            Error::WebhookEventExpired => Self::new(Code::WebhookEventExpired),
            Error::IpNotAllowed => Self::new(Code::IpNotAllowed),
            Error::NotOwner => Self::new(Code::NotOwner),
            Error::MemoTrashed => Self::new(Code::MemoTrashed),
            Error::PreconditionFailed => Self::new(Code::PreconditionFailed),
            Error::Operation { index, source } => Self::from(*source).of_operation(index),
            Error::ResyncRequired { next_since } => Self::resync_required(next_since),
            Error::ImportRunning => Self::new(Code::ImportRunning).with_header(RETRY_AFTER, 10),
            Error::TooManyShares => Self::new(Code::ShareLimitReached),
            Error::SharePasswordRequired { .. } => {
                Self::new(Code::SharePasswordRequired).with_header(WWW_AUTHENTICATE, Self::SHARE_CHALLENGE)
            }
            Error::IdempotencyKeyReused => Self::of_field(Code::IdempotencyKeyReused, ""),
            Error::IdempotencyKeyInUse => Self::new(Code::IdempotencyKeyInUse).with_header(RETRY_AFTER, 1),
            Error::ResponseTooLarge { limit } => Self::new(Code::IdempotentResponseTooLarge).about(limit),
            Error::StoredResponsesFull { retry_after } => {
                Self::new(Code::IdempotentResponsesFull).retry_after(retry_after)
            }
            Error::TooMuchUsage { max } => Self::too_many("from", max),
            Error::Archive(error) => Self::from(error),
            Error::TooManyTags => Self::new(Code::TooManyTags),
            Error::OperationRunning => Self::new(Code::OperationRunning),
            Error::EmailTaken => Self::new(Code::EmailTaken),
            Error::SignUpClosed => Self::new(Code::SignUpClosed),
            Error::InvalidGrant => Self::credentials_wrong(),
            Error::InvalidScope => Self::new(Code::BadRequest).refusing(GrantRefusal::InvalidScope),
            Error::Unauthenticated(reason) => Self::unauthenticated(Some(reason)),
            Error::InsufficientScope(scope) => Self::insufficient_scope(scope),
            Error::Overloaded { retry_after } => Self::new(Code::Overloaded).retry_after(retry_after),
            Error::Store(error) => Self::from(error),
            Error::Cache(source) => {
                tracing::warn!(error = %Causes(&source), "cache unavailable");
                Self::new(Code::CacheUnavailable).with_header(RETRY_AFTER, 1)
            }
            Error::Internal { source } => {
                tracing::error!(error = %Causes(&*source), "internal error");
                Self::new(Code::InternalError)
            }
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        // All of the body is what is wrong.
        let invalid = |code| Self::of_field(code, "");
        match error {
            ArchiveError::NotAnArchive => invalid(Code::ArchiveNotRecognized),
            ArchiveError::Encrypted => invalid(Code::ArchiveEncrypted),
            ArchiveError::Truncated => invalid(Code::ArchiveTruncated),
            ArchiveError::Damaged => invalid(Code::ArchiveDamaged),
            ArchiveError::TooManyEntries { max } => Self::new(Code::ArchiveTooManyEntries).about(max),
            ArchiveError::TooLarge { max } => Self::new(Code::ArchiveTooLarge).about(max),
            ArchiveError::Ratio { max } => Self::new(Code::ArchiveRatio).about(max),
            ArchiveError::Io(error) => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::new(Code::InsufficientStorage),
                _ => Self::internal(error),
            },
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Contention { .. } | StoreError::Stale | StoreError::Unavailable { .. } => {
                tracing::warn!(error = %Causes(&error), "store unavailable");
                Self::new(Code::StoreUnavailable).with_header(RETRY_AFTER, 1)
            }
            StoreError::Timeout { .. } => {
                tracing::info!(error = %Causes(&error), "a search took too long");
                Self::new(Code::SearchTimeout).with_header(RETRY_AFTER, 5)
            }
            StoreError::Unwritable { why, .. } => {
                tracing::error!(error = %Causes(&error), "store not writable");
                // Its operator has to act, which takes minutes.
                let problem = Self::new(Code::StoreUnavailable).with_header(RETRY_AFTER, 30);
                problem.with_extensions(Extensions { reason: Some(reason(why)), ..Extensions::default() })
            }
            StoreError::Conflict { .. } | StoreError::Corrupt { .. } | StoreError::Other { .. } => {
                tracing::error!(error = %Causes(&error), "internal error");
                Self::new(Code::InternalError)
            }
        }
    }
}

/// The error of a token that was valid once, in a challenge.
fn described(text: &str) -> String {
    format!(r#", error="invalid_token", error_description="{text}""#)
}

/// Why the store can't be written to, in the problem document.
const fn reason(why: Unwritable) -> &'static str {
    match why {
        Unwritable::Full => "disk_full",
        Unwritable::ReadOnly => "read_only",
        Unwritable::Failing => "disk_error",
    }
}

impl Problem {
    /// The challenge of a share with a password. No browser knows it, so none shows a dialog of its own.
    pub const SHARE_CHALLENGE: &'static str = r#"SharePassword realm="memo""#;

    /// Changes cannot be followed from the requested number.
    pub fn resync_required(next_since: u64) -> Self {
        let extensions = Extensions { next_since: Some(next_since), ..Extensions::default() };
        Self::new(Code::ResyncRequired).with_extensions(extensions)
    }

    /// The password is correct, and a second factor is required; the token is for the second step.
    pub fn mfa_required(token: String) -> Self {
        let challenge = r#"Bearer realm="memo", error="mfa_required""#;
        let problem = Self::new(Code::MfaRequired).with_header(WWW_AUTHENTICATE, challenge);
        let extensions = Extensions { mfa_token: Some(token), ..Extensions::default() };
        problem.refusing(GrantRefusal::MfaRequired).with_extensions(extensions)
    }

    /// An e-mail address, a password or a code is wrong.
    pub fn credentials_wrong() -> Self {
        let problem = Self::new(Code::CredentialsWrong).with_header(WWW_AUTHENTICATE, r#"Bearer realm="memo""#);
        problem.refusing(GrantRefusal::InvalidGrant)
    }

    /// The request, or its body, took too long.
    pub fn timed_out() -> Self {
        Self::new(Code::RequestTimeout).with_header(RETRY_AFTER, 1)
    }

    /// The request is not authenticated (RFC 6750, section 3); the reason is `None` if it has no credential.
    pub fn unauthenticated(reason: Option<UnauthenticatedReason>) -> Self {
        const INVALID: &str = r#", error="invalid_token""#;
        let (code, error) = match reason {
            None => (Code::AuthenticationRequired, String::new()),
            Some(UnauthenticatedReason::Invalid) => (Code::AccessTokenInvalid, INVALID.to_owned()),
            Some(UnauthenticatedReason::Expired) => {
                (Code::AccessTokenExpired, described("The access token has expired"))
            }
            Some(UnauthenticatedReason::SessionEnded) => (Code::SignInEnded, described("The session has ended")),
            Some(UnauthenticatedReason::ApiKeyInvalid) => (Code::ApiKeyInvalid, INVALID.to_owned()),
            Some(UnauthenticatedReason::ApiKeyExpired) => (Code::ApiKeyExpired, described("The API key has expired")),
            // No bearer token was sent.
            Some(UnauthenticatedReason::SignatureInvalid) => (Code::SignatureInvalid, String::new()),
            Some(UnauthenticatedReason::SignatureExpired) => (Code::SignatureExpired, String::new()),
            Some(UnauthenticatedReason::SignatureReplayed) => (Code::SignatureReplayed, String::new()),
        };
        Self::new(code).with_header(WWW_AUTHENTICATE, format!(r#"Bearer realm="memo"{error}"#))
    }

    /// A body does not have the digest that the request names.
    pub fn digest_mismatch(algorithm: &'static str, provided: String) -> Self {
        Self::new(Code::DigestMismatch).with_extensions(Extensions {
            registered: Some("digest-mismatching-value"),
            algorithm: Some(algorithm),
            provided_digest: Some(provided),
            ..Extensions::default()
        })
    }

    /// A request has a digest, but none of a supported algorithm.
    pub fn digest_unsupported(algorithm: &str) -> Self {
        let problem = Self::new(Code::DigestUnsupported).with_extensions(Extensions {
            registered: Some("digest-unsupported-algorithm"),
            unsupported_algorithm: Some(algorithm.to_owned()),
            ..Extensions::default()
        });
        problem.with_header(HeaderName::from_static("want-content-digest"), "sha-512=5, sha-256=10")
    }

    /// A digest does not have the length of its algorithm. The registered type is not for other malformed ones.
    pub fn digest_invalid_value() -> Self {
        let extensions = Extensions { registered: Some("digest-invalid-value"), ..Extensions::default() };
        Self::new(Code::DigestInvalid).with_extensions(extensions)
    }

    fn insufficient_scope(scope: Scope) -> Self {
        let name = scope.name();
        let challenge = format!(r#"Bearer realm="memo", error="insufficient_scope", scope="{name}""#);
        Self::new(Code::InsufficientScope).about(name).with_header(WWW_AUTHENTICATE, challenge)
    }

    /// A problem that lies in one field.
    fn of_field(code: Code, pointer: &str) -> Self {
        let error = FieldError::new(Place::Pointer(pointer.into()), field_code(code));
        Self { errors: vec![error], ..Self::new(code) }
    }

    /// A query parameter leads to more than this number of things.
    fn too_many(parameter: &str, max: usize) -> Self {
        Self::invalid(vec![FieldError::refused(Place::Parameter(parameter.to_owned()), InvalidValue::TooMany { max })])
    }

    /// A problem of one operation of a batch: `errors` points to the operation, or into its memo.
    fn of_operation(mut self, index: usize) -> Self {
        let operation = format!("/operations/{index}");
        if self.errors.is_empty() {
            self.errors.push(FieldError::new(Place::Pointer(operation), field_code(self.code)));
        } else {
            self.errors = self.errors.into_iter().map(|error| error.of_operation(&operation)).collect();
        }
        self
    }

    /// The request exceeds the limit of this policy.
    pub fn rate_limited(policy: &'static str, retry_after: Duration) -> Self {
        let extensions = Extensions { violated_policy: Some(policy), ..Extensions::default() };
        Self::new(Code::RateLimited).about(policy).retry_after(retry_after).with_extensions(extensions)
    }

    fn retry_after(self, time: Duration) -> Self {
        self.with_header(RETRY_AFTER, seconds(time).max(1))
    }
}
