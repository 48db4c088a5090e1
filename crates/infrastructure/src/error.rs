//! Maps errors of the drivers to errors of the store.

use std::time::Duration;

use memo_domain::{Conflict, StoreError};
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};
use thiserror::Error;

use super::dialect::{self, Trouble};

/// An incorrect use of a unit of work, or a database in an unexpected state.
#[derive(Debug, Error)]
pub enum Misuse {
    #[error("a read-only unit of work can't write")]
    WriteWhileReading,
    #[error("a unit of work can't be committed after a failed write")]
    CommitAfterFailedWrite,
    #[error("the cursor belongs to a list with another order")]
    CursorOfOtherOrder,
    #[error("another process is migrating the database, and has not finished within {} s", .0.as_secs())]
    MigrationLocked(Duration),
    #[error("the schema is out of date; {} pending migrations: {}", .0.len(), .0.join(", "))]
    PendingMigrations(Vec<String>),
    #[error("no index has this order")]
    UnindexedOrder,
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::MigrationLocked(_) => Self::Unavailable { source: misuse.into() },
            _ => Self::Other { source: misuse.into() },
        }
    }
}

/// Converts an error of SeaORM.
pub fn store_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => {
            return StoreError::Conflict { what: dialect::unique_rule(&message) };
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => return StoreError::Conflict { what: Conflict::Parent },
        _ => {}
    }
    match meaning(&error) {
        Meaning::Contention => StoreError::Contention { source: error.into() },
        Meaning::Unavailable => StoreError::Unavailable { source: error.into() },
        Meaning::Corrupt => StoreError::Corrupt { source: error.into() },
        Meaning::Other => StoreError::Other { source: error.into() },
    }
}

/// Converts an error of a search: that it took too long says nothing about the database.
pub fn search_error(error: DbErr) -> StoreError {
    if let DbErr::Query(RuntimeErr::SqlxError(cause)) = &error
        && cause.as_database_error().is_some_and(dialect::is_statement_timeout)
    {
        return StoreError::Timeout { source: error.into() };
    }
    store_error(error)
}

/// What an error means if no rule of the schema was broken.
pub enum Meaning {
    Contention,
    Unavailable,
    Corrupt,
    Other,
}

fn meaning(error: &DbErr) -> Meaning {
    match error {
        DbErr::ConnectionAcquire(_) => Meaning::Unavailable,
        // A stored value does not have the type of its column.
        DbErr::Type(_) | DbErr::TryIntoErr { .. } => Meaning::Corrupt,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => meaning_of_driver(error),
        _ => Meaning::Other,
    }
}

/// Classifies an error of a driver.
pub fn meaning_of_driver(error: &sqlx::Error) -> Meaning {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Meaning::Unavailable,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Meaning::Corrupt,
        sqlx::Error::Database(error) => match dialect::trouble(error.as_ref()) {
            Trouble::Contention => Meaning::Contention,
            Trouble::Unavailable => Meaning::Unavailable,
            Trouble::Damaged => Meaning::Corrupt,
            Trouble::Other => Meaning::Other,
        },
        _ => Meaning::Other,
    }
}
