//! What the statements of one unit of work run on.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement};

use super::{
    driver_error,
    file::{Readers, Writing},
    server::{Pool, Transaction},
};

/// What the statements of one unit of work run on. Dropped without a commit, nothing that it wrote stays.
pub enum Session {
    /// Any reading connection to the file for each statement.
    FileReads(Readers),
    /// A transaction on the file that only reads.
    FileSnapshot(DatabaseTransaction),
    /// A transaction on the file that may write, or a part of one.
    FileWrite(Writing),
    /// Any connection to the server for each statement.
    ServerReads(Pool),
    /// A transaction on the server that only reads.
    ServerSnapshot(Transaction),
    /// A transaction on the server that may write.
    ServerWrite(Transaction),
}

impl Session {
    /// The row that a statement finds, of which there is at most one.
    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::FileReads(readers) => readers.query_one(&statement).await,
            Self::FileSnapshot(transaction) => transaction.query_one_raw(statement).await,
            Self::FileWrite(writing) => writing.query_one(statement).await,
            Self::ServerReads(pool) => pool.query_one(&statement).await.map_err(driver_error),
            Self::ServerSnapshot(transaction) | Self::ServerWrite(transaction) => {
                transaction.query_one(&statement).await.map_err(driver_error)
            }
        }
    }

    /// The rows that a statement finds.
    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::FileReads(readers) => readers.query_all(&statement).await,
            Self::FileSnapshot(transaction) => transaction.query_all_raw(statement).await,
            Self::FileWrite(writing) => writing.query_all(statement).await,
            Self::ServerReads(pool) => pool.query_all(&statement).await.map_err(driver_error),
            Self::ServerSnapshot(transaction) | Self::ServerWrite(transaction) => {
                transaction.query_all(&statement).await.map_err(driver_error)
            }
        }
    }

    /// Runs a statement that writes. How many rows it changed, or found to be as they shall be; `None` where the unit of
    /// work was begun for reading.
    ///
    /// It runs to its end, as a statement must that has a commit behind it: one that gives rows back and is left at the
    /// first of them keeps SQLite from tidying up its log.
    pub async fn execute(&self, statement: Statement) -> Result<Option<u64>, DbErr> {
        match self {
            Self::FileWrite(writing) => writing.execute(statement).await.map(Some),
            Self::ServerWrite(transaction) => transaction.execute(&statement).await.map(Some).map_err(driver_error),
            Self::FileReads(_) | Self::FileSnapshot(_) | Self::ServerReads(_) | Self::ServerSnapshot(_) => Ok(None),
        }
    }

    /// Runs a statement that writes, or several that the database takes as one; nobody asks how many rows they change. Whether
    /// the unit of work may write.
    pub async fn execute_uncounted(&self, statement: Statement) -> Result<bool, DbErr> {
        match self {
            Self::FileWrite(writing) => writing.execute_uncounted(statement).await.map(|()| true),
            _ => self.execute(statement).await.map(|changed| changed.is_some()),
        }
    }

    /// The row that a statement finds in what is committed, where the unit of work may [`record`](Self::record) what it
    /// writes.
    pub async fn find_committed(&self, statement: &Statement) -> Option<Result<Option<QueryResult>, DbErr>> {
        match self {
            Self::FileWrite(writing) => match writing.committed() {
                Some(readers) => Some(readers.query_one(statement).await),
                None => None,
            },
            _ => None,
        }
    }

    /// As [`execute_uncounted`](Self::execute_uncounted), for statements whose outcome is known unless others interfere: they
    /// may be run as late as at the commit, which then gives their error.
    pub async fn record(&self, statement: Statement) -> Result<bool, DbErr> {
        match self {
            Self::FileWrite(writing) => writing.record(statement).await.map(|()| true),
            _ => self.execute_uncounted(statement).await,
        }
    }

    /// As [`record`](Self::record), for a statement of the index of full-text search: it may be run behind those of others
    /// that are committed with it.
    pub async fn record_last(&self, statement: Statement) -> Result<bool, DbErr> {
        match self {
            Self::FileWrite(writing) => writing.record_last(statement).await.map(|()| true),
            _ => self.execute_uncounted(statement).await,
        }
    }

    /// Whether it writes beside others: a file has one writer at a time.
    pub const fn has_other_writers(&self) -> bool {
        matches!(self, Self::ServerWrite(_))
    }

    /// Whether its statements see one state.
    pub const fn is_transaction(&self) -> bool {
        !matches!(self, Self::FileReads(_) | Self::ServerReads(_))
    }

    /// Keeps what was written.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::FileReads(_) | Self::ServerReads(_) => Ok(()),
            Self::FileSnapshot(transaction) => transaction.commit().await,
            Self::FileWrite(writing) => writing.commit().await,
            Self::ServerSnapshot(transaction) | Self::ServerWrite(transaction) => {
                transaction.commit().await.map_err(driver_error)
            }
        }
    }
}
