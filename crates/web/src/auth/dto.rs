use garde::Validate;
use memo_application::{Grant, SignUp, secret_text};
use memo_domain::{DisplayName, Email, InvalidValue, Password, Session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{language::Language, validation};

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

impl SignUpRequest {
    /// What it asks for, by somebody who reads this language.
    pub fn in_language(self, language: Language) -> Result<SignUp, InvalidValue> {
        Ok(SignUp {
            email: Email::new(self.email)?,
            password: Password::new(self.password)?,
            display_name: DisplayName::new(self.display_name)?,
            locale: language.into(),
        })
    }
}

/// A form of RFC 6749, section 4.3 (`grant_type=password`) or 6 (`grant_type=refresh_token`), or of the second step of a
/// sign-in (`grant_type=mfa_otp`). Unknown parameters are
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
    /// What the first step gave, for `mfa_otp`.
    #[schema(nullable = false)]
    pub mfa_token: Option<String>,
    /// A code of the authenticator or a recovery code, for `mfa_otp`.
    #[schema(nullable = false)]
    pub otp: Option<String>,
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
    MfaOtp,
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
            refresh_token: secret_text(&grant.refresh_token),
            scope: grant.scopes.to_string(),
        }
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
    /// What the second step needs, where `error` is `mfa_required`: repeat the call within 5 minutes with
    /// `grant_type=mfa_otp`, this as `mfa_token`, and `otp`.
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

/// How a browser signs in: by address and password, or in the second step by `mfa_token` and `otp` alone.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "alice@example.com", "password": "correct horse battery"}))]
pub struct SessionRequest {
    /// The e-mail address.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, max_length = 1024)]
    pub email: Option<String>,
    /// The password.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, format = "password", max_length = 1024)]
    pub password: Option<String>,
    /// What the first step gave.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, max_length = 1024)]
    pub mfa_token: Option<String>,
    /// A code of the authenticator, or a recovery code.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, max_length = 1024)]
    pub otp: Option<String>,
}

/// A sign-in of the member who asks.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000c",
    "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0",
    "ip": "203.0.113.7",
    "created_at": "2026-01-31T09:00:00.123456Z",
    "last_seen_at": "2026-01-31T09:12:00Z",
    "current": true
}))]
pub struct SessionItem {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// What signed in, as it names itself.
    #[schema(required = true)]
    device: Option<String>,
    /// The address it was made from.
    #[schema(required = true)]
    ip: Option<String>,
    /// When it was made.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it was used last, to the minute.
    #[schema(format = "date-time")]
    last_seen_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// The sign-ins that are good, the newest first.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    items: Vec<SessionItem>,
}

impl SessionList {
    pub fn of(sessions: Vec<Session>, current: Option<memo_domain::SessionId>) -> Self {
        Self { items: sessions.into_iter().map(|session| SessionItem::of(session, current)).collect() }
    }
}

impl SessionItem {
    pub fn of(session: Session, current: Option<memo_domain::SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            current: Some(session.id) == current,
            device: session.device,
            ip: session.ip,
            created_at: session.created_at.to_string(),
            last_seen_at: session.last_seen_at.to_string(),
        }
    }
}

/// Which sign-ins end.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndSessionsQuery {
    /// Whether the one that asks stays.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false, default = false)]
    pub except_current: Option<bool>,
}

/// The token of a link.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "2YotnFZFEjr1zCsicMWpAA"}))]
pub struct TokenRequest {
    /// The `token` of the link.
    #[garde(custom(validation::proof))]
    #[schema(max_length = 1024)]
    pub token: String,
}

/// An address.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "alice@example.com"}))]
pub struct ForgotRequest {
    /// The address of the account.
    #[garde(custom(validation::email))]
    #[schema(format = "email", max_length = 254)]
    pub email: String,
}

/// The token of a link, and a new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "2YotnFZFEjr1zCsicMWpAA", "password": "another horse battery"}))]
pub struct ResetRequest {
    /// The `token` of the link.
    #[garde(custom(validation::proof))]
    #[schema(max_length = 1024)]
    pub token: String,
    /// 8 to 128 characters of any script; not one of those that are guessed first.
    #[garde(custom(validation::password))]
    #[schema(format = "password", min_length = 8, max_length = 128, pattern = r"^[^\u0000]*$")]
    pub password: String,
}

/// A social provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider, example = json!({"name": "google", "display_name": "Google", "authorize_url": "/api/v1/auth/providers/google/authorize"}))]
pub struct ProviderItem {
    /// Its name in paths.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// Where a browser begins.
    #[schema(format = "uri-reference")]
    pub authorize_url: String,
}

/// The social providers of this server.
#[derive(Serialize, ToSchema)]
pub struct ProviderList {
    pub items: Vec<ProviderItem>,
}
