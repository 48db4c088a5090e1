use async_trait::async_trait;
use thiserror::Error;

use crate::{UnitOfWork, UserId};

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

/// Why a store that can be read can't be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    /// Its disk is full.
    Full,
    /// It is read-only: its file system, its server, or what the server allows this user.
    ReadOnly,
    /// Its disk reports errors.
    Failing,
}

/// Why a store did not do what it was asked to.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The write would break a rule of the store.
    #[error("the write conflicts with a rule of the store: {what:?}")]
    Conflict {
        /// The rule.
        what: Conflict,
    },
    /// An optimistic version check failed: the entity has changed since it was read, or is gone.
    #[error("the entity has changed since it was read")]
    Stale,
    /// The store gave up this unit of work in favour of another one: a serialization failure, a deadlock, a lock timeout,
    /// a busy file. Nothing was written. [`UnitOfWork::commit`] may return it, too.
    #[error("another unit of work was in the way")]
    Contention {
        /// The driver's error.
        source: Source,
    },
    /// The store can't be reached, or has no free connection. Of a commit it is unknown whether it took place.
    #[error("the store is unavailable")]
    Unavailable {
        /// The driver's error.
        source: Source,
    },
    /// The store can't be written to until its operator does something about it. Nothing was written.
    #[error("the store can't be written to: {why:?}")]
    Unwritable {
        /// The reason.
        why: Unwritable,
        /// The driver's error.
        source: Source,
    },
    /// A stored value is not a valid entity.
    #[error("the store holds invalid data")]
    Corrupt {
        /// What is wrong with it.
        source: Source,
    },
    /// A search took longer than the store allows, and was ended. The same search would take as long again.
    #[error("the search took too long")]
    Timeout {
        /// The driver's error.
        source: Source,
    },
    /// Anything else. A retry does not help.
    #[error("the store failed")]
    Other {
        /// The driver's error.
        source: Source,
    },
}

impl StoreError {
    /// Returns whether the same unit of work may succeed when it is retried, now or later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Stale | Self::Contention { .. } | Self::Unavailable { .. } | Self::Unwritable { .. })
    }

    /// Returns whether another unit of work was in the way: nothing was written, and an immediate retry makes sense.
    #[must_use]
    pub const fn is_lost_race(&self) -> bool {
        matches!(self, Self::Stale | Self::Contention { .. })
    }

    /// The error of a stored value that a value object rejects.
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

/// Stores all entities, in units of work.
///
/// A unit of work runs on behalf of a user, or of the server itself. What units of work have to wait for (a connection, the
/// turn of a writer) an adapter should hand out round robin by user, so that one user's requests don't keep those of others
/// waiting.
///
/// Units of work with [`Access::Write`] are *writers*, the others *readers*. A reader sees what is committed. A writer may
/// also see what another writer wrote whose [`commit`](UnitOfWork::commit) has been called and has not returned yet: an
/// adapter may let several writers share a transaction, so that they wait for the disk once. What a writer saw is certain
/// only when its own commit has returned; so a use case commits before it reports success, even if it wrote nothing.
///
/// # Contract
/// * `committed_writes_are_seen`: a unit of work that begins after another's [`commit`](UnitOfWork::commit) returned
///   MUST see what that one wrote.
/// * `a_dropped_unit_of_work_leaves_nothing`: without a commit, what a unit of work wrote MUST NOT stay.
/// * `a_dropped_commit_is_kept_whole_or_not_at_all`: if the future of [`commit`](UnitOfWork::commit) is dropped, all that the
///   unit of work wrote MUST be committed, or nothing, and other units of work MUST go on.
/// * `a_reader_cannot_write`: without [`Access::Write`], a write MUST fail with [`StoreError::Other`] and change nothing.
/// * `a_commit_after_a_failed_write_fails`: after a write that returned an error, [`commit`](UnitOfWork::commit) MUST fail,
///   and what the unit of work wrote MUST NOT stay.
/// * `a_closed_store_begins_nothing`: after [`close`](Self::close), [`begin_for`](Self::begin_for) or the first call of its unit
///   of work MUST fail with [`StoreError::Unavailable`].
/// * `two_repositories_commit_together`: a commit MUST keep what all repositories of the unit of work wrote.
/// * `uncommitted_writes_are_not_seen`: a reader MUST NOT see a write before its commit has returned.
/// * `a_writer_sees_nothing_of_a_dropped_writer`: a writer MUST NOT see what another one wrote that is never committed.
/// * `what_a_writer_saw_is_committed_with_it`: when the commit of a writer returns, all that it saw MUST be committed, also
///   what other writers wrote whose own commit has not returned.
/// * `a_snapshot_sees_one_state`: with [`Access::Snapshot`] all reads MUST see the state of one moment.
/// * `a_unit_of_work_sees_its_own_writes`: reads MUST see what the same unit of work wrote before.
/// * `writers_wait_for_each_other`: many writers at the same time MUST all be able to commit, or fail with an error that
///   [is retryable](StoreError::is_retryable); an update MUST NOT be lost.
/// * `committed_writes_survive_reopening`: if the store is durable, a committed write MUST be there after the store was
///   closed and opened again, and after the process was killed.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a unit of work of the server itself.
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.begin_for(access, None).await
    }

    /// Begins a unit of work on behalf of a user; `None` is the server itself.
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// Whether the store can be reached and has the schema that this adapter needs.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] as long as writes fail with it, if the adapter knows.
    async fn check(&self) -> Result<(), StoreError>;

    /// Ends its connections. Units of work must have ended before.
    async fn close(&self);
}
