use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use garde::Validate;
use memo_application::{Grant, SignUp};
use memo_domain::{DisplayName, Email, InvalidValue, Locale, Password, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::validation;

/// Who signs up.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "alice@example.com", "password": "correct horse battery", "display_name": "Alice"}))]
pub struct SignUpRequest {
    /// An e-mail address that no other account has; compared without case.
    #[garde(custom(validation::email))]
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// 8 to 128 characters of any script; not one of those that are guessed first.
    #[garde(custom(validation::password))]
    #[schema(format = "password", min_length = 8, max_length = 128, pattern = r"^[^\u0000]*$")]
    pub password: String,
    /// The name that others see; trimmed.
    #[garde(custom(validation::display_name))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub display_name: String,
}

impl TryFrom<SignUpRequest> for SignUp {
    type Error = InvalidValue;

    fn try_from(request: SignUpRequest) -> Result<Self, InvalidValue> {
        Ok(Self {
            email: Email::new(request.email)?,
            password: Password::new(request.password)?,
            display_name: DisplayName::new(request.display_name)?,
            locale: Locale::default(),
        })
    }
}

/// A form of RFC 6749, section 4.3 (`grant_type=password`) or 6 (`grant_type=refresh_token`). Unknown parameters are
/// ignored, `client_id` and `client_secret` too.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read by name")]
#[schema(example = json!({"grant_type": "password", "username": "alice@example.com", "password": "correct horse battery"}))]
pub struct TokenForm {
    #[schema(inline)]
    pub grant_type: GrantType,
    /// The e-mail address, for `password`.
    #[schema(nullable = false)]
    pub username: Option<String>,
    /// The password, for `password`.
    #[schema(nullable = false, format = "password")]
    pub password: Option<String>,
    /// The refresh token, for `refresh_token`.
    #[schema(nullable = false)]
    pub refresh_token: Option<String>,
    /// Scopes with a space between; all where it is absent. On refresh: no more than the sign-in has.
    #[schema(nullable = false)]
    pub scope: Option<String>,
}

/// What is exchanged for tokens.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read by name")]
#[schema(rename_all = "snake_case")]
pub enum GrantType {
    Password,
    RefreshToken,
}

/// A form of RFC 7009. Unknown parameters are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read by name")]
#[schema(example = json!({"token": "2YotnFZFEjr1zCsicMWpAA"}))]
pub struct RevokeForm {
    /// A refresh token or an access token; its whole sign-in ends. Without one nothing happens.
    #[schema(nullable = false)]
    pub token: Option<String>,
}

/// The tokens (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTk4YzBkZSJ9.c2ln",
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE",
    "scope": "memos:read memos:write events:read account:read account:write"
}))]
pub struct TokenResponse {
    /// Goes into `Authorization: Bearer …`. A JWT (RFC 9068), opaque to clients.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(pattern = "^Bearer$")]
    pub token_type: &'static str,
    /// How long the access token lives, in seconds.
    #[schema(minimum = 1)]
    pub expires_in: u64,
    /// Gets the next pair, once; keep the new one of each answer.
    pub refresh_token: String,
    /// What the access token may be used for.
    pub scope: String,
}

impl From<Grant> for TokenResponse {
    fn from(grant: Grant) -> Self {
        Self {
            access_token: grant.access_token,
            token_type: "Bearer",
            expires_in: grant.expires_in.as_secs(),
            refresh_token: URL_SAFE_NO_PAD.encode(grant.refresh_token.expose()),
            scope: grant.scopes.to_string(),
        }
    }
}

/// The secret of a refresh token in its text form; `None` where it can't be one.
pub fn refresh_secret(text: &str) -> Option<Secret> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Secret::new)
}

/// An error of the token endpoint (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"error": "invalid_grant", "error_description": "The credentials are wrong."}))]
pub struct TokenError {
    #[schema(inline)]
    pub error: TokenErrorCode,
    /// What went wrong, for people.
    pub error_description: &'static str,
}

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenErrorCode {
    InvalidRequest,
    InvalidGrant,
    InvalidScope,
    UnsupportedGrantType,
}
