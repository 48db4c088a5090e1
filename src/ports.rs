//! The ports that the use cases share.

use std::sync::Arc;

use memo_application::{AuditedStore, Background, LiveSessions, Ports};
use memo_domain::{Clock, IdGenerator, SecretGenerator, Store};

use crate::{
    Settings, StartError,
    adapters::{Cached, Credentials, credentials, shared},
};

/// Returns the ports over this store, and what this node remembers of live sessions.
///
/// # Errors
/// [`StartError`] if a setting is invalid, or a key file can't be read or created.
pub fn ports(
    settings: &Settings,
    public_url: &Arc<str>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    background: Arc<dyn Background>,
) -> Result<(Ports, Arc<LiveSessions>), StartError> {
    let Credentials { signer, sealer, hasher, codes } = credentials(settings, public_url, &secrets)?;
    let Cached { cache, browser_sessions, live } = shared(settings, &store, &clock, &background)?;
    let ports = Ports {
        store: Arc::new(AuditedStore::new(store)),
        browser_sessions,
        cache,
        clock,
        ids,
        secrets,
        sealer,
        hasher,
        codes,
        background,
        signer,
        public_url: public_url.clone(),
    };
    Ok((ports, live))
}
