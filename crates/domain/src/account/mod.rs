//! What an account has beside its owner: API keys, social identities, a second factor, tokens sent by mail, the audit log.

mod api_key;
mod audit;
mod identity;
mod one_time;
mod provider;
mod second_factor;

pub use api_key::{
    ApiKey, ApiKeyId, ApiKeyKind, ApiKeyName, ApiKeyNote, ApiKeyRepository, ApiKeySecret, Network, Networks,
};
pub use audit::{AuditEvent, AuditId, AuditKind, AuditRepository};
pub use identity::{Identity, IdentityRepository};
pub use one_time::{OneTimeToken, OneTimeTokenRepository, TokenPurpose};
pub use provider::{AuthorizationRequest, MessageTokens, ProviderError, SocialProvider, SocialRole, SocialUser};
pub use second_factor::{OneTimeCodes, SecondFactor, SecondFactorRepository};
