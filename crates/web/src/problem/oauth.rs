//! Errors of the token endpoint (RFC 6749, section 5.2), derived from the problem of the use case.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, PRAGMA},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Code, Problem};

/// Why the token endpoint refuses a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantRefusal {
    /// A parameter is given twice.
    RepeatedParameter,
    /// A parameter that the grant type needs is absent.
    MissingParameter,
    /// The grant type is unknown.
    UnsupportedGrantType,
    /// The credentials are wrong, or the refresh token is not valid.
    InvalidGrant,
    /// A scope is unknown, or the session lacks it.
    InvalidScope,
    /// A second factor is required.
    MfaRequired,
}

impl GrantRefusal {
    const fn error(self) -> TokenErrorCode {
        match self {
            Self::RepeatedParameter | Self::MissingParameter => TokenErrorCode::InvalidRequest,
            Self::UnsupportedGrantType => TokenErrorCode::UnsupportedGrantType,
            Self::InvalidGrant => TokenErrorCode::InvalidGrant,
            Self::InvalidScope => TokenErrorCode::InvalidScope,
            Self::MfaRequired => TokenErrorCode::MfaRequired,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::RepeatedParameter => "A parameter is given twice.",
            Self::MissingParameter => "A parameter that this grant_type requires is missing.",
            Self::UnsupportedGrantType => "The grant_type must be password, refresh_token or mfa_otp.",
            Self::InvalidGrant => "The credentials are wrong, or the refresh token is no longer valid. Sign in again.",
            Self::InvalidScope => "A scope is unknown, or the session lacks it.",
            Self::MfaRequired => {
                "The password is correct. Repeat the request with grant_type=mfa_otp, mfa_token and otp."
            }
        }
    }
}

/// A request of the token endpoint that cannot be read.
impl From<GrantRefusal> for Problem {
    fn from(refusal: GrantRefusal) -> Self {
        Self::new(Code::BadRequest).refusing(refusal)
    }
}

impl Problem {
    /// The response of the token endpoint; `None` for problems that are no refusal of a grant.
    pub fn render_oauth(&self) -> Option<HttpResponse> {
        let refusal = self.refusal?;
        let body = TokenError {
            error: refusal.error(),
            error_description: refusal.description(),
            mfa_token: self.extensions.as_ref().and_then(|extensions| extensions.mfa_token.clone()),
        };
        let mut response = HttpResponse::BadRequest();
        response.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
        Some(response.json(body))
    }
}

/// An error of the token endpoint (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"error": "invalid_grant", "error_description": "The credentials are wrong."}))]
pub struct TokenError {
    #[schema(inline)]
    pub error: TokenErrorCode,
    /// What went wrong, for people.
    pub error_description: &'static str,
    /// If `error` is `mfa_required`: the token of the second step. Repeat the request within 5 minutes with
    /// `grant_type=mfa_otp`, this token as `mfa_token`, and `otp`. It accepts up to five wrong codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mfa_token: Option<String>,
}

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenErrorCode {
    InvalidRequest,
    InvalidGrant,
    InvalidScope,
    UnsupportedGrantType,
    MfaRequired,
}
