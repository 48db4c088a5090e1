//! The ports of the use cases, passed around as one value.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{
    BrowserSessions, Cache, Clock, Content, IdGenerator, MemoFacts, MemoLink, OneTimeCodes, PasswordHasher, Sealer,
    SearchText, SecretGenerator, Timestamp, Title, TokenSigner, UserId,
};
use uuid::Uuid;

use crate::{Error, Transactions};

/// Every port that more than one use case needs.
#[derive(Clone)]
pub struct Ports {
    /// Runs transactions on the store.
    pub transactions: Transactions,
    /// Finds and prolongs the sessions of browsers.
    pub browser_sessions: Arc<dyn BrowserSessions>,
    /// Short-lived data that all nodes share.
    pub cache: Arc<dyn Cache>,
    /// Counts what is limited. It is shared by all nodes, and while that is unavailable, it is of this node alone: a limit
    /// must not be open then.
    pub counters: Arc<dyn Cache>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// Makes secrets.
    pub secrets: Arc<dyn SecretGenerator>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Encrypts secrets that have to be read again.
    pub sealer: Arc<dyn Sealer>,
    /// Checks time-based one-time codes.
    pub codes: Arc<dyn OneTimeCodes>,
    /// Computes on the texts of memos.
    pub texts: Arc<dyn TextWorker>,
    /// Runs work in the background.
    pub background: Arc<dyn Background>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// How many earlier texts of a memo are kept. A setting, but each change of a memo needs it.
    pub revisions: u32,
}

/// A future that any thread may run.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs work in the background, so that the duration of a response does not reveal whether there was any.
pub trait Background: Send + Sync {
    /// Runs the work soon, concurrently with the caller.
    fn run(&self, work: Work);

    /// Wakes the job worker: jobs were committed.
    fn jobs_wait(&self) {}

    /// Wakes the worker of the jobs that send to webhooks: some were committed.
    fn deliveries_wait(&self) {}

    /// Stores the usage of this node soon: many requests were counted.
    fn usage_waits(&self) {}

    /// Wakes what sends changes to webhooks: changes were committed.
    fn changes_wait(&self) {}
}

/// What is computed of the texts of a memo, and stored with them.
#[derive(Debug)]
pub struct TextAnalysis {
    /// The form in which they are searched.
    pub search: SearchText,
    /// What the content says.
    pub facts: MemoFacts,
    /// The memos that it links to.
    pub links: Vec<MemoLink>,
}

/// Computes on texts, without keeping the threads busy that serve requests, and fairly between users.
#[async_trait]
pub trait TextWorker: Send + Sync {
    /// Computes what is stored with the texts of a memo of this user.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too many texts are waiting.
    async fn analyze(&self, owner: UserId, title: &Title, content: &Content) -> Result<TextAnalysis, Error>;

    /// Returns a title for a text that has none; `None` if no part of it makes one.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too many texts are waiting.
    async fn title(&self, owner: UserId, content: &Content) -> Result<Option<Title>, Error>;

    /// Returns a text with one of its checkboxes, counted from 1, ticked or not; `None` without such a checkbox.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too many texts are waiting.
    async fn set_task(
        &self,
        owner: UserId,
        content: &Content,
        number: u32,
        done: bool,
    ) -> Result<Option<Content>, Error>;

    /// Returns a text as HTML that is safe in a page.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too many texts are waiting.
    async fn html(&self, owner: UserId, content: &Content) -> Result<String, Error>;
}

/// Waits. The application knows no async runtime.
pub trait Timer: Send + Sync {
    /// Ends after this time.
    fn sleep(&self, duration: Duration) -> Work;
}

impl Ports {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn id(&self, at: Timestamp) -> Uuid {
        self.ids.next(at)
    }
}
