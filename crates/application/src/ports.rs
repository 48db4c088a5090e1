//! What use cases are made of: the ports, handed round as one.

use std::{pin::Pin, sync::Arc};

use memo_domain::{
    BrowserSessions, Cache, Clock, IdGenerator, OneTimeCodes, PasswordHasher, Sealer, SecretGenerator, Store,
    StoreError, Timestamp, TokenSigner, UnitOfWork,
};
use uuid::Uuid;

/// Every port that more than one use case needs.
#[derive(Clone)]
pub struct Ports {
    /// Keeps everything.
    pub store: Arc<dyn Store>,
    /// Keeps how long browsers stay signed in.
    pub browser_sessions: Arc<dyn BrowserSessions>,
    /// What all nodes share for a while.
    pub cache: Arc<dyn Cache>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// Makes secrets.
    pub secrets: Arc<dyn SecretGenerator>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Encrypts what is kept and has to be read again.
    pub sealer: Arc<dyn Sealer>,
    /// Makes codes by time.
    pub codes: Arc<dyn OneTimeCodes>,
    /// Runs what nobody waits for.
    pub background: Arc<dyn Background>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// What clients call this server, without a slash at the end: links in mail begin with it.
    pub public_url: Arc<str>,
}

/// Work that nobody waits for.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs work that nobody waits for: so that the time of an answer tells nothing of whether there was any.
pub trait Background: Send + Sync {
    /// Runs it soon, beside whoever asked.
    fn run(&self, work: Work);

    /// Mail was committed to the outbox: whoever sends it may do so now, rather than when they look next.
    fn mail_waits(&self) {}
}

impl Ports {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Commits what has written mail, or may have, and has it sent soon.
    pub(crate) async fn commit_mail(&self, unit: Box<dyn UnitOfWork>) -> Result<(), StoreError> {
        unit.commit().await?;
        self.background.mail_waits();
        Ok(())
    }

    pub(crate) fn id(&self, at: Timestamp) -> Uuid {
        self.ids.next(at)
    }
}
