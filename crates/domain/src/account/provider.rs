use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use crate::{Role, Source, Timestamp};

/// An authorization request: where to send the browser, and what the callback needs.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The URL of the provider's authorization endpoint.
    pub url: String,
    /// The `nonce` that the provider's ID token must contain.
    pub nonce: String,
    /// The PKCE code verifier (RFC 7636).
    pub verifier: String,
}

/// What a provider says about the rights of a user here, if the settings map one of its claims to the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SocialRole {
    /// Nothing: the role stays as it is.
    #[default]
    Unmapped,
    /// The user has this role.
    Mapped(Role),
    /// The user may not sign in.
    Refused,
}

/// The tokens by which a provider lets this server send messages to a user.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageTokens {
    /// Permits a message.
    pub access_token: String,
    /// Gets a new access token, if there is one.
    pub refresh_token: Option<String>,
    /// When the access token expires, if that is known.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for MessageTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageTokens(…)")
    }
}

/// A user as a provider describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocialUser {
    /// The issuer.
    pub issuer: String,
    /// The subject: the account at the issuer.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the provider has verified the address.
    pub email_verified: bool,
    /// The display name.
    pub name: Option<String>,
    /// The rights.
    pub role: SocialRole,
    /// The tokens for messages to the user, if the user has allowed them.
    pub message_tokens: Option<MessageTokens>,
}

/// Why a session with a provider failed.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// It is unreachable, or its response cannot be parsed.
    #[error("the provider is unavailable")]
    Unavailable {
        /// The cause.
        source: Source,
    },
    /// It refused the code, or its statements about the user are invalid.
    #[error("the provider's response is invalid")]
    Refused {
        /// The cause.
        source: Source,
    },
}

/// Authenticates users with a provider: `OpenID` Connect Core 1.0, or plain OAuth 2.0 if it supports nothing more.
///
/// # Contract
/// * `a_code_is_redeemed_once_and_with_its_verifier`: the flow MUST be the authorization code flow with PKCE S256.
/// * `a_forged_statement_about_a_user_is_refused`: of an ID token, the signature, `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`
///   and the algorithm MUST be checked; user data MUST have the same `sub`.
/// * `message_tokens_need_the_consent_of_the_user`: [`redeem`](Self::redeem) MUST return message tokens only if the user has
///   allowed messages, and [`refresh_messages`](Self::refresh_messages) MUST be refused if the provider says that the refresh
///   token is invalid.
/// * `a_provider_call_ends_in_time`: each call MUST end within 10 s.
/// * `a_redirect_of_a_provider_is_not_followed`: a call MUST NOT follow redirects.
#[async_trait]
pub trait SocialProvider: Send + Sync {
    /// Returns the configured name, in lower case.
    fn name(&self) -> &str;

    /// Returns the name shown to users.
    fn display_name(&self) -> &str;

    /// Returns the issuer that the callback's `iss` parameter must have, if it is sent (RFC 9207).
    fn issuer(&self) -> &str;

    /// Starts a flow that redirects back to `redirect_uri`.
    async fn authorize(&self, state: &str, redirect_uri: &str) -> Result<AuthorizationRequest, ProviderError>;

    /// Completes a flow: exchanges the code.
    async fn redeem(
        &self,
        code: &str,
        nonce: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<SocialUser, ProviderError>;

    /// Exchanges a refresh token for new message tokens. A provider that sends no messages refuses.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] if the refresh token is invalid: it will not be accepted later, either.
    async fn refresh_messages(&self, refresh_token: &str, now: Timestamp) -> Result<MessageTokens, ProviderError>;

    /// Checks whether the provider is reachable.
    async fn check(&self) -> Result<(), ProviderError>;
}
