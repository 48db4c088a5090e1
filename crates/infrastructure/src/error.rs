//! Maps errors of the drivers to errors of the store.

use std::{sync::Arc, time::Duration};

use memo_domain::{Conflict, Source, StoreError, Unwritable};
use rusqlite::{
    ErrorCode,
    ffi::{SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE},
};
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
    #[error("another process has taken over the migration")]
    LeaseLost,
    #[error(
        "the database was made by an unreleased version of this program (migration {0}), from which there is no upgrade: \
         export the accounts with that version (GET /api/v1/me/export), and import them into an empty database"
    )]
    UnreleasedSchema(String),
    #[error("the database was migrated by a later version of this program (migration {0}), which must revert it")]
    LaterSchema(String),
    #[error("the schema is out of date; {} pending migrations: {}", .0.len(), .0.join(", "))]
    PendingMigrations(Vec<String>),
    #[error("the database user may not change the schema; an administrator can allow it: {0}")]
    SchemaNotChangeable(&'static str, #[source] Option<DbErr>),
    #[error("no index has this order")]
    UnindexedOrder,
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::MigrationLocked(_) => Self::Unavailable { source: misuse.into() },
            Misuse::LeaseLost => Self::Contention { source: misuse.into() },
            _ => Self::Other { source: misuse.into() },
        }
    }
}

/// Why a unit of work has no connection.
#[derive(Debug, Error)]
pub enum NoConnection {
    #[error("the connections to the database are closed")]
    Closed,
    #[error("no connection to the database became free in time")]
    Busy,
}

impl From<NoConnection> for StoreError {
    fn from(error: NoConnection) -> Self {
        Self::Unavailable { source: error.into() }
    }
}

/// Converts an error of a SQLite file.
pub fn file_error(error: impl Into<Arc<rusqlite::Error>>) -> StoreError {
    let error = error.into();
    let rusqlite::Error::SqliteFailure(code, message) = &*error else {
        return match *error {
            // A stored value does not have the type of its column.
            rusqlite::Error::FromSqlConversionFailure(..) => StoreError::Corrupt { source: error.into() },
            _ => StoreError::Other { source: error.into() },
        };
    };
    match code.extended_code {
        SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY => {
            let message = message.as_deref().unwrap_or_default();
            return StoreError::Conflict { what: dialect::unique_rule(message) };
        }
        SQLITE_CONSTRAINT_FOREIGNKEY => return StoreError::Conflict { what: Conflict::Parent },
        _ => {}
    }
    by_meaning(dialect::sqlite_trouble(code.extended_code).into(), error.into())
}

/// Converts an error of a search in a SQLite file: that it took too long says nothing about the file.
pub fn file_search_error(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => StoreError::Timeout { source: error.into() },
        _ => file_error(error),
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
    by_meaning(meaning(&error), error.into())
}

fn by_meaning(meaning: Meaning, source: Source) -> StoreError {
    match meaning {
        Meaning::Contention => StoreError::Contention { source },
        Meaning::Unavailable => StoreError::Unavailable { source },
        Meaning::Unwritable(why) => StoreError::Unwritable { why, source },
        Meaning::Corrupt => StoreError::Corrupt { source },
        Meaning::Other => StoreError::Other { source },
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
#[derive(Clone, Copy)]
pub enum Meaning {
    Contention,
    Unavailable,
    Unwritable(Unwritable),
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
        // Protocol: also a connection that was closed while it was opened, e.g. by a proxy whose server is away.
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Meaning::Unavailable,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Meaning::Corrupt,
        sqlx::Error::Database(error) => dialect::trouble(error.as_ref()).into(),
        _ => Meaning::Other,
    }
}

impl From<Trouble> for Meaning {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Contention => Self::Contention,
            Trouble::Unavailable => Self::Unavailable,
            Trouble::Unwritable(why) => Self::Unwritable(why),
            Trouble::Damaged => Self::Corrupt,
            Trouble::Other => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// Servers: `tests/servers/unwritable.rs`.
    #[test]
    fn a_full_or_read_only_file_is_unwritable() {
        for (pragma, expected) in
            [("PRAGMA query_only = ON", Unwritable::ReadOnly), ("PRAGMA max_page_count = 2", Unwritable::Full)]
        {
            let connection = Connection::open_in_memory().expect("a database");
            connection.execute_batch("CREATE TABLE t (c)").expect("a table");
            connection.execute_batch(pragma).expect("it is set");
            let insert = "INSERT INTO t VALUES (randomblob(20000))";
            let error = file_error(connection.execute_batch(insert).expect_err("refused"));
            assert!(matches!(error, StoreError::Unwritable { why, .. } if why == expected), "{pragma}: {error:?}");
            assert!(error.is_retryable() && !error.is_lost_race());
        }
        let error = file_error(Connection::open("/proc/nowhere/memo.db").expect_err("refused"));
        assert!(matches!(error, StoreError::Unwritable { why: Unwritable::Failing, .. }), "{error:?}");
    }
}
