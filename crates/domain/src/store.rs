use async_trait::async_trait;
use thiserror::Error;

use crate::{
    AuditRepository, ChangeRepository, IdentityRepository, JobRepository, MemoRepository, OneTimeTokenRepository,
    RefreshTokenRepository, SecondFactorRepository, SessionRepository, UserRepository,
};

/// The error of a driver, as a cause for the log. It never reaches a client.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Which rule of the store a write would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The id, or what serves as one, is taken.
    Id,
    /// The e-mail address is taken.
    Email,
    /// What the new row belongs to does not exist.
    Parent,
}

/// Why a store could not do what it was asked for.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A rule of the store would be broken.
    #[error("the write conflicts with a rule of the store: {what:?}")]
    Conflict {
        /// Which one.
        what: Conflict,
    },
    /// What was to be changed is not in the expected version any more, or is gone. Read again and decide anew. Also where
    /// the database gave up the transaction for another.
    #[error("the entity has changed since it was read")]
    Stale,
    /// The store can't be reached, or is full of work. The same unit of work may pass when it is tried again.
    #[error("the store is unavailable")]
    Unavailable {
        /// What the driver said.
        source: Source,
    },
    /// What the store holds can't be read as an entity.
    #[error("the store holds what can't be read")]
    Corrupt {
        /// What was wrong.
        source: Source,
    },
    /// Anything else. Trying again won't help.
    #[error("the store failed")]
    Other {
        /// What the driver said.
        source: Source,
    },
}

impl StoreError {
    /// Whether the same unit of work may pass when it is tried again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Stale | Self::Unavailable { .. })
    }

    /// Of a kept value that no value object accepts.
    pub fn corrupt(source: impl Into<Source>) -> Self {
        Self::Corrupt { source: source.into() }
    }
}

/// What a unit of work is for. An adapter may use it to do less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads; each statement may see another state of the store.
    Read,
    /// Reads; all of them see one state of the store.
    Snapshot,
    /// Reads and writes of one transaction.
    Write,
}

/// Keeps everything, in units of work.
///
/// # Contract
/// * `committed_writes_are_seen`: a unit of work that begins after another's [`commit`](UnitOfWork::commit) returned
///   MUST see what that one wrote.
/// * `a_dropped_unit_of_work_leaves_nothing`: without a commit, what a unit of work wrote MUST NOT stay.
/// * `two_repositories_commit_together`: a commit MUST keep what all repositories of the unit of work wrote.
/// * `uncommitted_writes_are_not_seen`: other units of work MUST NOT see a write before its commit.
/// * `a_snapshot_sees_one_state`: with [`Access::Snapshot`] all reads MUST see the state of one moment.
/// * `a_unit_of_work_sees_its_own_writes`: reads MUST see what the same unit of work wrote before.
/// * `writers_wait_for_each_other`: many units of work with [`Access::Write`] at the same time MUST all be able to
///   commit, or fail with an error that [is retryable](StoreError::is_retryable); no update MUST be lost.
/// * `committed_writes_survive_reopening`: where the store is durable, a committed write MUST be there after the store
///   was opened anew, also after the process was killed.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a unit of work.
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// Whether the store can be reached and has the schema that this adapter needs.
    async fn check(&self) -> Result<(), StoreError>;

    /// Ends its connections. Units of work must have ended before.
    async fn close(&self);
}

/// The repositories of one transaction. Dropped without [`commit`](Self::commit) it is rolled back.
///
/// After an error of a write only dropping it is left.
#[async_trait]
pub trait UnitOfWork: Send {
    /// The members.
    fn users(&mut self) -> &mut dyn UserRepository;

    /// The sign-ins.
    fn sessions(&mut self) -> &mut dyn SessionRepository;

    /// The refresh tokens.
    fn refresh_tokens(&mut self) -> &mut dyn RefreshTokenRepository;

    /// The memos.
    fn memos(&mut self) -> &mut dyn MemoRepository;

    /// What has changed.
    fn changes(&mut self) -> &mut dyn ChangeRepository;

    /// The social identities.
    fn identities(&mut self) -> &mut dyn IdentityRepository;

    /// The tokens that are used once.
    fn one_time_tokens(&mut self) -> &mut dyn OneTimeTokenRepository;

    /// The second factors.
    fn second_factors(&mut self) -> &mut dyn SecondFactorRepository;

    /// The queue of jobs.
    fn jobs(&mut self) -> &mut dyn JobRepository;

    /// The audit log.
    fn audit(&mut self) -> &mut dyn AuditRepository;

    /// Keeps all that was written, or nothing of it. When it returned, it is durable where the store is.
    ///
    /// A rule that a write breaks only because another unit of work was faster may show here
    /// ([`StoreError::Conflict`]).
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
