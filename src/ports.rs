//! The ports that the use cases share.

use std::sync::Arc;

use memo_application::{Background, LiveSessions, Ports, StoredBrowserSessions, Transactions};
use memo_domain::{Clock, IdGenerator, SecretGenerator, Store};

use crate::{
    Settings, StartError,
    adapters::{Cached, Credentials, credentials, shared},
    background::TokioTimer,
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
    let transactions = Transactions::new(
        store,
        clock.clone(),
        ids.clone(),
        secrets.clone(),
        Arc::new(TokioTimer),
        background.clone(),
        live.clone(),
    );
    let stored = || Arc::new(StoredBrowserSessions::new(transactions.clone()));
    let ports = Ports {
        browser_sessions: browser_sessions.unwrap_or_else(|| stored()),
        transactions,
        cache,
        clock,
        ids,
        secrets,
        sealer,
        hasher,
        codes,
        background,
        signer,
    };
    Ok((ports, live))
}
