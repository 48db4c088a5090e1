use memo_domain::{ApiKey, ApiKeyKind, Network, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror::mirror;

/// An API key of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000e",
    "name": "backup",
    "kind": "bearer",
    "scopes": ["account:read", "memos:read"],
    "ip_allowlist": ["203.0.113.0/24"],
    "note": "the nightly job",
    "created_at": "2026-01-31T09:00:00.123456Z",
    "expires_at": null,
    "last_used_at": "2026-02-01T03:00:00Z"
}))]
pub struct ApiKeyDto {
    /// The id: the `keyid` of signatures.
    #[schema(format = "uuid")]
    id: String,
    /// The name by which the user recognizes it.
    #[schema(format = "api-key-name")]
    name: String,
    #[schema(inline)]
    kind: ApiKeyKindDto,
    /// What it may be used for.
    scopes: Vec<ScopeDto>,
    /// The addresses that it may be used from, in CIDR notation; any if the list is empty.
    ip_allowlist: Vec<String>,
    /// What the user notes about it.
    #[schema(required = true, format = "api-key-note")]
    note: Option<String>,
    /// When it was created.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it expires; null if it does not.
    #[schema(required = true, format = "date-time")]
    expires_at: Option<String>,
    /// When it was last used, to the minute.
    #[schema(required = true, format = "date-time")]
    last_used_at: Option<String>,
    /// The secret, only in the response to the request that created the key; absent in a replayed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

mirror! {
    /// How it authenticates requests: `bearer` keys are sent in `Authorization`, with `signed` keys requests are signed
    /// (RFC 9421).
    ApiKeyKindDto of ApiKeyKind { #[default] Bearer, Signed }
}

mirror! {
    /// What a credential may be used for.
    ScopeDto of Scope {
        #[default]
        #[serde(rename = "memos:read")]
        MemosRead,
        #[serde(rename = "memos:write")]
        MemosWrite,
        #[serde(rename = "events:read")]
        EventsRead,
        #[serde(rename = "account:read")]
        AccountRead,
        #[serde(rename = "account:write")]
        AccountWrite
    }
}

impl ApiKeyDto {
    /// A new key, with its secret.
    pub fn created(key: ApiKey, secret: String) -> Self {
        Self { secret: Some(secret), ..key.into() }
    }

    /// The same key as everyone who lists it gets it.
    pub fn without_secret(self) -> Self {
        Self { secret: None, ..self }
    }
}

impl From<ApiKey> for ApiKeyDto {
    fn from(key: ApiKey) -> Self {
        let scopes = Scope::ALL.into_iter().filter(|scope| key.scopes.contains(*scope));
        Self {
            id: key.id.to_string(),
            kind: key.secret.kind().into(),
            name: key.name.as_str().to_owned(),
            scopes: scopes.map(ScopeDto::from).collect(),
            ip_allowlist: key.networks.iter().map(Network::to_string).collect(),
            note: key.note.map(|note| note.as_str().to_owned()),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|time| time.to_string()),
            last_used_at: key.last_used_at.map(|time| time.to_string()),
            secret: None,
        }
    }
}
