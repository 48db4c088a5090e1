use async_trait::async_trait;
use thiserror::Error;

use crate::{Source, Timestamp};

/// Where a browser is sent to sign in, and what has to be remembered until it comes back.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The address at the provider.
    pub url: String,
    /// What the provider's ID token must name (`nonce`).
    pub nonce: String,
    /// What shows that who redeems the code also asked for it (PKCE, RFC 7636).
    pub verifier: String,
}

/// Who somebody is at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocialUser {
    /// Who says so.
    pub issuer: String,
    /// The account there.
    pub subject: String,
    /// Their address there.
    pub email: Option<String>,
    /// Whether the provider vouches that the address is theirs.
    pub email_verified: bool,
    /// What they are called there.
    pub name: Option<String>,
}

/// Why a provider signed nobody in.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// It can't be reached, or answers what can't be read.
    #[error("the provider is out of reach")]
    Unavailable {
        /// Why.
        source: Source,
    },
    /// It refused the code, or what it says of its user does not hold.
    #[error("the provider's answer does not hold")]
    Refused {
        /// Why.
        source: Source,
    },
}

/// Signs people in by their account at a provider: `OpenID` Connect Core 1.0, or plain OAuth 2.0 where it has no more.
///
/// # Contract
/// * The flow MUST be the authorization code flow with PKCE S256.
/// * An ID token MUST be checked whole: signature, `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`, and the algorithm against
///   those configured; user data MUST be of the same `sub`.
/// * Each call MUST end within 10 s, and MUST NOT follow redirects.
#[async_trait]
pub trait SocialProvider: Send + Sync {
    /// Its name here, in lower case.
    fn name(&self) -> &str;

    /// What people call it.
    fn display_name(&self) -> &str;

    /// The issuer that the callback's `iss` parameter must name, where there is one (RFC 9207).
    fn issuer(&self) -> &str;

    /// Begins a flow that ends at this address.
    async fn authorize(&self, state: &str, redirect_uri: &str) -> Result<AuthorizationRequest, ProviderError>;

    /// Ends a flow: redeems the code.
    async fn redeem(
        &self,
        code: &str,
        nonce: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<SocialUser, ProviderError>;

    /// Whether it can be reached.
    async fn check(&self) -> Result<(), ProviderError>;
}
