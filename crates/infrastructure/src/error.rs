//! What an error of the driver means to the callers of a store.

use std::time::Duration;

use memo_domain::{Conflict, StoreError};
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};
use thiserror::Error;

use super::dialect::{self, Trouble};

/// A misuse of a unit of work, or a database that is not in the expected state.
#[derive(Debug, Error)]
pub enum Misuse {
    #[error("a unit of work that was begun for reading can't write")]
    WriteWhileReading,
    #[error("the cursor belongs to a list in another order")]
    CursorOfOtherOrder,
    #[error("another process migrates the database, and has not ended within {} s", .0.as_secs())]
    MigrationLocked(Duration),
    #[error("the schema is not up to date: {} pending: {}", .0.len(), .0.join(", "))]
    PendingMigrations(Vec<String>),
    #[error("no index has this order")]
    OrderOfNoIndex,
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::MigrationLocked(_) => Self::Unavailable { source: misuse.into() },
            _ => Self::Other { source: misuse.into() },
        }
    }
}

/// What an error of the driver means.
pub fn store_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => {
            return StoreError::Conflict { what: dialect::unique_rule(&message) };
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => return StoreError::Conflict { what: Conflict::Parent },
        _ => {}
    }
    match meaning(&error) {
        Meaning::Superseded => StoreError::Stale,
        Meaning::Unavailable => StoreError::Unavailable { source: error.into() },
        Meaning::Corrupt => StoreError::Corrupt { source: error.into() },
        Meaning::Other => StoreError::Other { source: error.into() },
    }
}

/// What an error means beyond broken rules.
pub enum Meaning {
    Superseded,
    Unavailable,
    Corrupt,
    Other,
}

fn meaning(error: &DbErr) -> Meaning {
    match error {
        DbErr::ConnectionAcquire(_) => Meaning::Unavailable,
        // A kept value of another type than its column should have.
        DbErr::Type(_) | DbErr::TryIntoErr { .. } => Meaning::Corrupt,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => meaning_of_driver(error),
        _ => Meaning::Other,
    }
}

/// What an error of the driver itself means.
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
            Trouble::Superseded => Meaning::Superseded,
            Trouble::Busy => Meaning::Unavailable,
            Trouble::Damaged => Meaning::Corrupt,
            Trouble::Other => Meaning::Other,
        },
        _ => Meaning::Other,
    }
}
