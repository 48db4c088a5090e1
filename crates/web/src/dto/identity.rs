use memo_domain::Identity;
use serde::Serialize;
use utoipa::ToSchema;

/// A linked social account.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity, example = json!({"provider": "google", "email": "alice@gmail.com", "created_at": "2026-01-31T09:00:00.123456Z"}))]
pub struct IdentityDto {
    /// The name of the provider.
    provider: String,
    /// The e-mail address at the provider.
    #[schema(required = true)]
    email: Option<String>,
    /// When the account was linked.
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<Identity> for IdentityDto {
    fn from(identity: Identity) -> Self {
        Self { provider: identity.provider, email: identity.email, created_at: identity.created_at.to_string() }
    }
}
