//! The ports that the use cases share.

use std::sync::Arc;

use memo_application::{Background, LiveSessions, Ports, StoredBrowserSessions, Transactions};
use memo_domain::{Clock, Events, IdGenerator, SecretGenerator, Store};

use crate::{
    Settings, StartError,
    adapters::{Cached, Credentials, MarkdownReader, counters, credentials, shared},
    background::TokioTimer,
    texts::TextThreads,
};

/// The ports of the use cases, and what the server itself needs of them.
pub struct Wired {
    pub ports: Ports,
    /// What this node remembers of live sessions.
    pub live: Arc<LiveSessions>,
    /// What all nodes tell each other.
    pub events: Arc<dyn Events>,
    /// Whether the events are also those of other nodes.
    pub has_peers: bool,
}

/// Returns the ports over this store.
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
) -> Result<Wired, StartError> {
    let Credentials { signer, sealer, hasher, codes } = credentials(settings, public_url, &secrets)?;
    let Cached { cache, browser_sessions, events, has_peers } = shared(settings, &store, &clock)?;
    let live = Arc::new(LiveSessions::new());
    let transactions = Transactions::new(
        store,
        clock.clone(),
        ids.clone(),
        secrets.clone(),
        Arc::new(TokioTimer),
        background.clone(),
        live.clone(),
    )
    .with_events(events.clone());
    let texts = TextThreads::start(Arc::new(MarkdownReader::new(public_url)))
        .map_err(|source| StartError::Io { what: "a thread can't be started".into(), source })?;
    let stored = || Arc::new(StoredBrowserSessions::new(transactions.clone()));
    let ports = Ports {
        browser_sessions: browser_sessions.unwrap_or_else(|| stored()),
        transactions,
        counters: counters(cache.clone(), &clock),
        cache,
        clock,
        timer: Arc::new(TokioTimer),
        ids,
        secrets,
        sealer,
        hasher,
        codes,
        texts: Arc::new(texts),
        background,
        signer,
        revisions: settings.memos.revisions,
    };
    Ok(Wired { ports, live, events, has_peers })
}
