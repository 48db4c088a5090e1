//! The session in which one unit of work runs its statements.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement};

use super::{
    driver_error,
    file::{FileReaders, WriteUnit},
    permits::{Owner, Permit},
    server::{Pool, Transaction},
};

/// The connection or transaction in which one unit of work runs its statements. Dropped without a commit, it is rolled back.
pub enum Session {
    /// SQLite: any reading connection for each statement, or one for searches.
    FileReads(FileReaders, Owner),
    /// SQLite: a read-only transaction.
    FileSnapshot { transaction: DatabaseTransaction, _permit: Permit },
    /// SQLite: a transaction that may write, or a share of one.
    FileWrite(WriteUnit),
    /// A server: any connection of the pool for each statement.
    ServerReads(Pool, Owner),
    /// A server: a read-only transaction.
    ServerSnapshot(Transaction),
    /// A server: a transaction that may write.
    ServerWrite(Transaction),
}

impl Session {
    /// Returns the row of a statement that selects at most one.
    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::FileReads(readers, owner) => readers.single.query_one(&statement, *owner).await,
            Self::FileSnapshot { transaction, .. } => transaction.query_one_raw(statement).await,
            Self::FileWrite(unit) => unit.query_one(statement).await,
            Self::ServerReads(pool, owner) => pool.query_one(&statement, *owner).await.map_err(driver_error),
            Self::ServerSnapshot(transaction) | Self::ServerWrite(transaction) => {
                transaction.query_one(&statement).await.map_err(driver_error)
            }
        }
    }

    /// Returns the rows that a statement selects.
    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::FileReads(readers, owner) => readers.single.query_all(&statement, *owner).await,
            Self::FileSnapshot { transaction, .. } => transaction.query_all_raw(statement).await,
            Self::FileWrite(unit) => unit.query_all(statement).await,
            Self::ServerReads(pool, owner) => pool.query_all(&statement, *owner).await.map_err(driver_error),
            Self::ServerSnapshot(transaction) | Self::ServerWrite(transaction) => {
                transaction.query_all(&statement).await.map_err(driver_error)
            }
        }
    }

    /// Returns the rows that a search selects. It has a time limit: on a server that of every statement.
    pub async fn search(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::FileReads(readers, owner) => readers.searching.query_all(&statement, *owner).await,
            _ => self.query_all(statement).await,
        }
    }

    /// Runs a writing statement and returns the number of matched rows, whether or not their values changed; `None` if the
    /// session is read-only.
    ///
    /// The statement is always stepped to its end: one that returns rows and is left at the first of them blocks the
    /// checkpoints of SQLite's log.
    pub async fn execute(&self, statement: Statement) -> Result<Option<u64>, DbErr> {
        match self {
            Self::FileWrite(unit) => unit.execute(statement).await.map(Some),
            Self::ServerWrite(transaction) => transaction.execute(&statement).await.map(Some).map_err(driver_error),
            Self::FileReads(..) | Self::FileSnapshot { .. } | Self::ServerReads(..) | Self::ServerSnapshot(_) => {
                Ok(None)
            }
        }
    }

    /// Runs one or several writing statements in one text, without counting the rows. Returns whether the session may write.
    pub async fn execute_uncounted(&self, statement: Statement) -> Result<bool, DbErr> {
        match self {
            Self::FileWrite(unit) => unit.execute_uncounted(statement).await.map(|()| true),
            _ => self.execute(statement).await.map(|changed| changed.is_some()),
        }
    }

    /// Reads one row of the committed state, if this unit of work can still [`record`](Self::record) its statements;
    /// otherwise `None`.
    pub async fn find_committed(&self, statement: &Statement) -> Option<Result<Option<QueryResult>, DbErr>> {
        match self {
            Self::FileWrite(unit) => match unit.committed() {
                Some(readers) => Some(readers.query_one(statement, unit.owner()).await),
                None => None,
            },
            _ => None,
        }
    }

    /// Like [`execute_uncounted`](Self::execute_uncounted), for statements that only a concurrent writer can make fail: they
    /// may be deferred until the commit, which then returns their error.
    pub async fn record(&self, statement: Statement) -> Result<bool, DbErr> {
        match self {
            Self::FileWrite(unit) => unit.record(statement).await.map(|()| true),
            _ => self.execute_uncounted(statement).await,
        }
    }

    /// Like [`record`](Self::record), for statements that update the full-text index: they may run after those of other units
    /// of work in the same commit.
    pub async fn record_last(&self, statement: Statement) -> Result<bool, DbErr> {
        match self {
            Self::FileWrite(unit) => unit.record_last(statement).await.map(|()| true),
            _ => self.execute_uncounted(statement).await,
        }
    }

    /// Whether it may write.
    pub const fn can_write(&self) -> bool {
        matches!(self, Self::FileWrite(_) | Self::ServerWrite(_))
    }

    /// Whether other units of work may write at the same time. A SQLite file has one writer at a time.
    pub const fn has_other_writers(&self) -> bool {
        matches!(self, Self::ServerWrite(_))
    }

    /// Whether all its statements run in one transaction.
    pub const fn is_transaction(&self) -> bool {
        !matches!(self, Self::FileReads(..) | Self::ServerReads(..))
    }

    /// Commits what was written.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::FileReads(..) | Self::ServerReads(..) => Ok(()),
            Self::FileSnapshot { transaction, .. } => transaction.commit().await,
            Self::FileWrite(unit) => unit.commit().await,
            Self::ServerSnapshot(transaction) | Self::ServerWrite(transaction) => {
                transaction.commit().await.map_err(driver_error)
            }
        }
    }
}
