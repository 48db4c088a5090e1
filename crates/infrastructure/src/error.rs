//! Maps errors of the drivers to errors of the store.

use std::time::Duration;

use memo_domain::{Conflict, StoreError, Unwritable};
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
    #[error("the database user may not change the schema; an administrator can allow it: {0}")]
    SchemaNotChangeable(&'static str, #[source] Option<DbErr>),
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
        Meaning::Unwritable(why) => StoreError::Unwritable { why, source: error.into() },
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
            Trouble::Unwritable(why) => Meaning::Unwritable(why),
            Trouble::Damaged => Meaning::Corrupt,
            Trouble::Other => Meaning::Other,
        },
        _ => Meaning::Other,
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectOptions, ConnectionTrait, Database};

    use super::*;

    /// Servers: `tests/servers/unwritable.rs`.
    #[tokio::test]
    async fn a_full_or_read_only_file_is_unwritable() {
        for (pragma, expected) in
            [("PRAGMA query_only = ON", Unwritable::ReadOnly), ("PRAGMA max_page_count = 2", Unwritable::Full)]
        {
            let mut memory = ConnectOptions::new("sqlite::memory:");
            memory.max_connections(1).sqlx_logging(false);
            let connection = Database::connect(memory).await.expect("a database");
            connection.execute_unprepared("CREATE TABLE t (c)").await.expect("a table");
            connection.execute_unprepared(pragma).await.expect("it is set");
            let insert = "INSERT INTO t VALUES (randomblob(20000))";
            let error = store_error(connection.execute_unprepared(insert).await.expect_err("refused"));
            assert!(matches!(error, StoreError::Unwritable { why, .. } if why == expected), "{pragma}: {error:?}");
            assert!(error.is_retryable() && !error.is_lost_race());
        }
        let memory = ConnectOptions::new("sqlite:///proc/nowhere/memo.db");
        let error = store_error(Database::connect(memory).await.expect_err("refused"));
        assert!(matches!(error, StoreError::Unwritable { why: Unwritable::Failing, .. }), "{error:?}");
    }
}
