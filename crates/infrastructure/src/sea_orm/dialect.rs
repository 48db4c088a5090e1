//! Where the databases differ: the one place that asks which one it is.

mod changes;
mod search;

use memo_domain::Conflict;
use sea_orm::{AccessMode, DbBackend, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, sqlx};

pub use changes::{count_changes, insert_change, remove_changes};
pub use search::{count as count_found, enter, enter_anew, finds_by_first, has, opaque};

/// Statements as few as the database takes them: SQLite many at once, and each is a way to the thread of its connection.
pub fn joined(backend: DbBackend, statements: Vec<Statement>) -> Vec<Statement> {
    if backend != DbBackend::Sqlite {
        return statements;
    }
    let sql: Vec<_> = statements.iter().map(|statement| statement.sql.as_str()).collect();
    let sql = sql.join(";");
    let values = statements.into_iter().filter_map(|statement| statement.values).flat_map(|values| values.0);
    vec![Statement::from_sql_and_values(backend, sql, values)]
}

/// How a transaction that writes begins.
pub fn write_transaction(backend: DbBackend) -> TransactionOptions {
    match backend {
        // A deferred one would fail, not wait, where it finds another writer after it has read.
        DbBackend::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
        _ => TransactionOptions::default(),
    }
}

/// How a transaction begins whose reads all see one state: that of the moment of the first of them.
pub fn snapshot_transaction(backend: DbBackend) -> TransactionOptions {
    match backend {
        DbBackend::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        },
        _ => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        },
    }
}

/// Which rule a unique index stands for, by what the driver says of it: the columns (SQLite) or the index (the others).
pub fn unique_rule(message: &str) -> Conflict {
    if message.contains("email_key") { Conflict::Email } else { Conflict::Id }
}

/// What an error of the database means beyond broken rules.
pub enum Trouble {
    /// It was busy.
    Busy,
    /// The file is no database, or a damaged one.
    Damaged,
    /// Anything else.
    Other,
}

/// What an error of the database means beyond broken rules.
pub fn trouble(error: &dyn sqlx::error::DatabaseError) -> Trouble {
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_none() {
        return Trouble::Other;
    }
    // The low byte of an extended result code is the primary one.
    match error.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
        Some(5 | 6) => Trouble::Busy,
        Some(11 | 26) => Trouble::Damaged,
        _ => Trouble::Other,
    }
}
