//! API keys: users create and change them, programs authenticate with them.

mod authenticate;
mod live;
mod manage;
mod secret;

use std::sync::Arc;

use memo_domain::{ApiKeyId, ApiKeyKind, ApiKeyName, ApiKeyNote, Networks, OptionalChange, Scopes, Timestamp};

use crate::{Ports, live::LiveSessions};
pub use authenticate::SignedRequest;
pub use live::LiveKeys;
pub(crate) use manage::remove_all;
pub use secret::is_api_key;

/// A new API key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// How it authenticates requests.
    pub kind: ApiKeyKind,
    /// Its name.
    pub name: ApiKeyName,
    /// What the user notes about it.
    pub note: Option<ApiKeyNote>,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The addresses that it may be used from.
    pub networks: Networks,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// A change of some fields of an API key; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyChange {
    /// The new name.
    pub name: Option<ApiKeyName>,
    /// The note.
    pub note: OptionalChange<ApiKeyNote>,
    /// The new scopes.
    pub scopes: Option<Scopes>,
    /// The networks that it may be used from.
    pub networks: Option<Networks>,
    /// When it expires.
    pub expires_at: OptionalChange<Timestamp>,
}

/// The API keys of users.
pub struct ApiKeys {
    ports: Arc<Ports>,
    live: Arc<LiveSessions>,
    max_per_user: usize,
}

impl ApiKeys {
    /// Creates the use cases. A user has at most this number of keys.
    #[must_use]
    pub const fn new(ports: Arc<Ports>, live: Arc<LiveSessions>, max_per_user: usize) -> Self {
        Self { ports, live, max_per_user }
    }
}

/// What the sealed secret of a key is bound to.
fn context(id: ApiKeyId) -> String {
    format!("api key {id}")
}
