//! The differences between the databases in SQL, in settings and in error codes.
//!
//! Apart from `connect`, which selects the driver, no other module asks which database it is.

mod accounts;
mod changes;
mod migrations;
mod search;
mod suitable;

use std::time::Duration;

use memo_domain::{Access, Conflict, Unwritable};
use sea_orm::{
    DbBackend, SqliteTransactionMode, Statement, TransactionOptions,
    sea_query::{Expr, ExprTrait},
    sqlx::{error::DatabaseError, mysql::MySqlDatabaseError, postgres::PgDatabaseError, sqlite::SqliteError},
};

pub use accounts::{
    contains, count_distinct_tags, key_as_text, lock_of_changes, remove_oldest, remove_refresh_tokens, remove_some,
};
pub use changes::{count_changes, insert_changes, remove_changes, stamp};
pub use migrations::{
    claim_lease, create_lease, delete_migration, expired_lease, find_migrations_table, first_migration,
    insert_migration, release_lease, renew_lease,
};
pub use search::{
    Role, contains_grams, contains_terms, count as count_found, force_index, index_memo, index_memos,
    index_sees_own_transaction, leave_backlog, of_one_statement, opaque, owner_of_found, owner_of_tagged, reindex_memo,
    relevance,
};

pub use suitable::{changeable, grant_of_changes, text_limits};

/// How long a statement waits for a row lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// The time without a statement after which the server ends a transaction, since its node may have disappeared.
const IDLE_TRANSACTION: Duration = Duration::from_secs(10);
/// The time without a statement after which MySQL ends a connection; only MariaDB has such a limit for transactions.
const IDLE_CONNECTION: Duration = Duration::from_mins(1);

/// The options of the transaction of a migration on SQLite.
pub fn sqlite_write() -> TransactionOptions {
    // IMMEDIATE waits for other writers at its beginning. A DEFERRED transaction that has read something fails instead of
    // waiting when it begins to write.
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() }
}

/// The statement that begins a transaction on a server. All reads of a snapshot see one state: the state at the beginning
/// (MySQL) or at the first read (PostgreSQL).
pub const fn begin(backend: DbBackend, access: Access) -> &'static str {
    match (backend, access) {
        (DbBackend::Postgres, Access::Read) => "BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY",
        (DbBackend::Postgres, Access::Snapshot) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        (DbBackend::Postgres, Access::Write) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        // READ COMMITTED by `mysql_settings`.
        (_, Access::Read) => "START TRANSACTION READ ONLY",
        (_, Access::Snapshot) => {
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
        }
        (_, Access::Write) => "START TRANSACTION",
    }
}

/// Like [`begin`], with the settings of a connection, which a pooler does not keep from one transaction to the next. On MySQL,
/// which has no settings of a transaction, the pooler must forward these statements to one connection of the server; all
/// transactions have the same ones.
pub fn begin_with_settings(backend: DbBackend, access: Access, statement_limit: Duration) -> String {
    let begin = begin(backend, access);
    if backend == DbBackend::MySql {
        return format!("{}; {begin}", mysql_settings(Some(statement_limit)));
    }
    let settings = postgres_settings(Some(statement_limit));
    // The keepalives are those of the pooler.
    let settings = settings.iter().filter(|(name, _)| !name.starts_with("tcp_"));
    let settings: Vec<_> = settings.map(|(name, value)| format!("; SET LOCAL {name} = {value}")).collect();
    format!("{begin}{}", settings.concat())
}

/// The settings of a connection to PostgreSQL. Without a statement limit, they are those of the connection that migrates.
pub fn postgres_settings(statement_limit: Option<Duration>) -> Vec<(&'static str, String)> {
    let millis = |time: Duration| time.as_millis().to_string();
    let mut settings = vec![
        // The server notices within half a minute that a node has disappeared, and releases its locks.
        ("tcp_keepalives_idle", "10".to_owned()),
        ("tcp_keepalives_interval", "5".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        ("client_min_messages", "warning".to_owned()),
    ];
    if let Some(limit) = statement_limit {
        settings.push(("statement_timeout", millis(limit)));
        settings.push(("lock_timeout", millis(LOCK_TIMEOUT)));
        settings.push(("idle_in_transaction_session_timeout", millis(IDLE_TRANSACTION)));
        // A page reads some hundred rows; starting parallel workers takes longer than reading them.
        settings.push(("max_parallel_workers_per_gather", "0".to_owned()));
    } else {
        settings.push(("statement_timeout", "0".to_owned()));
        settings.push(("idle_in_transaction_session_timeout", "0".to_owned()));
    }
    settings
}

/// The settings of a connection to MySQL. Without a statement limit, they are those of the connection that migrates.
///
/// Only MariaDB executes the text between `/*M!` and `*/`; only MySQL 8.0 and later that between `/*!80000` and `*/`.
pub fn mysql_settings(statement_limit: Option<Duration>) -> String {
    let limits = statement_limit.map_or_else(String::new, |limit| {
        format!(
            ", SESSION innodb_lock_wait_timeout = {lock}, SESSION wait_timeout = {idle} \
             /*M! , SESSION max_statement_time = {seconds}, SESSION idle_transaction_timeout = {transaction} */ \
             /*!80000 , SESSION max_execution_time = {millis} */",
            lock = LOCK_TIMEOUT.as_secs(),
            idle = IDLE_CONNECTION.as_secs(),
            seconds = limit.as_secs_f64(),
            transaction = IDLE_TRANSACTION.as_secs(),
            millis = limit.as_millis(),
        )
    });
    // max_sort_length: by default, the server sorts by the first 1,024 bytes of a value alone.
    format!(
        "SET NAMES utf8mb4, SESSION max_sort_length = 4096, \
         SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT'{limits}; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
}

/// A statement that fails if the database can't be written to. With `is_real` it writes; otherwise it only asks, and is
/// `None` for SQLite, which would not notice.
pub fn write_check(backend: DbBackend, is_real: bool) -> Option<Statement> {
    let sql = match (is_real, backend) {
        // SQLite and MySQL skip an UPDATE that changes nothing. Not of the `first_migration`, by which replicas are recognized.
        (true, DbBackend::Sqlite) => "PRAGMA user_version = 0",
        (true, DbBackend::Postgres) => {
            "UPDATE seaql_migrations SET applied_at = applied_at + 1 WHERE version = (SELECT max(version) FROM seaql_migrations)"
        }
        (true, _) => "UPDATE seaql_migrations SET applied_at = applied_at + 1 ORDER BY version DESC LIMIT 1",
        (false, DbBackend::Sqlite) => return None,
        (false, _) => "DELETE FROM users WHERE id IS NULL",
    };
    Some(Statement::from_string(backend, sql))
}

/// The condition for the rows after `values` in the order of two columns, both ascending or both descending.
///
/// SQLite and PostgreSQL find the start of a row comparison in an index. MySQL would scan the index from its beginning, unless
/// the comparison is spelled out as two ranges.
pub fn after(backend: DbBackend, columns: [Expr; 2], values: [Expr; 2], ascending: bool) -> Expr {
    if backend == DbBackend::MySql {
        let ([first, second], [value, tie]) = (columns, values);
        let equal = first.clone().eq(value.clone());
        let (beyond, tie) =
            if ascending { (first.gt(value), second.gt(tie)) } else { (first.lt(value), second.lt(tie)) };
        return beyond.or(equal.and(tie));
    }
    let (row, cursor) = (Expr::tuple(columns), Expr::tuple(values));
    if ascending { row.gt(cursor) } else { row.lt(cursor) }
}

/// Like [`after`], in the order of three columns, ascending.
pub fn after_three(backend: DbBackend, columns: [Expr; 3], values: [Expr; 3]) -> Expr {
    if backend == DbBackend::MySql {
        let ([first, second, third], [value, tie, last]) = (columns, values);
        let rest = after(backend, [second, third], [tie, last], true);
        return first.clone().gt(value.clone()).or(first.eq(value).and(rest));
    }
    Expr::tuple(columns).gt(Expr::tuple(values))
}

/// The rule that a unique index enforces, by the driver's message, which names the columns (SQLite) or the index (others).
pub fn unique_rule(message: &str) -> Conflict {
    // MySQL's message also contains the value, which may be any text.
    let rule = message.rsplit_once(" for key ").map_or(message, |(_, index)| index);
    if rule.contains("email_key") { Conflict::Email } else { Conflict::Id }
}

/// What an error of the database means if no rule of the schema was broken.
pub enum Trouble {
    /// Another transaction was in the way: a serialization failure, a deadlock, a lock timeout, a locked file.
    Contention,
    /// The database refuses or ends connections, has no room for them, or a statement took too long.
    Unavailable,
    /// The database can't be written to.
    Unwritable(Unwritable),
    /// The file is damaged, or no database.
    Damaged,
    /// Anything else.
    Other,
}

/// Classifies an error by SQLite's extended result code.
pub const fn sqlite_trouble(code: i32) -> Trouble {
    // The low byte is the primary code.
    match code & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED; SQLITE_ABORT: rolled back together with another unit of work
        4..=6 => Trouble::Contention,
        // SQLITE_FULL
        13 => Trouble::Unwritable(Unwritable::Full),
        // SQLITE_PERM, SQLITE_READONLY
        3 | 8 => Trouble::Unwritable(Unwritable::ReadOnly),
        // SQLITE_IOERR, SQLITE_CANTOPEN
        10 | 14 => Trouble::Unwritable(Unwritable::Failing),
        // SQLITE_NOMEM
        7 => Trouble::Unavailable,
        // SQLITE_CORRUPT, SQLITE_NOTADB
        11 | 26 => Trouble::Damaged,
        _ => Trouble::Other,
    }
}

/// Classifies an error by the database's own number for it.
pub fn trouble(error: &dyn DatabaseError) -> Trouble {
    // Of a migration: all else runs without this driver.
    if error.try_downcast_ref::<SqliteError>().is_some() {
        return error.code().and_then(|code| code.parse().ok()).map_or(Trouble::Other, sqlite_trouble);
    }
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return match error.code() {
            // serialization_failure, deadlock_detected, lock_not_available; and duplicate_table, duplicate_object,
            // duplicate_column: `IF NOT EXISTS` does not wait for a process that creates the same at this moment
            "40001" | "40P01" | "55P03" | "42P07" | "42710" | "42701" => Trouble::Contention,
            // query_canceled: the statement timeout
            "57014" => Trouble::Unavailable,
            // disk_full
            "53100" => Trouble::Unwritable(Unwritable::Full),
            // read_only_sql_transaction, insufficient_privilege
            "25006" | "42501" => Trouble::Unwritable(Unwritable::ReadOnly),
            // io_error
            "58030" => Trouble::Unwritable(Unwritable::Failing),
            // Class 53: insufficient resources
            code if code.starts_with("53") => Trouble::Unavailable,
            // data_corrupted, index_corrupted
            "XX001" | "XX002" => Trouble::Damaged,
            _ if ends_connection(error) => Trouble::Unavailable,
            _ => Trouble::Other,
        };
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return match error.number() {
            // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD (MariaDB), ER_LOCK_NOWAIT; ER_TABLE_DEF_CHANGED, ER_NEED_REPREPARE:
            // another node migrates; and ER_DUP_FIELDNAME, ER_DUP_KEYNAME, ER_CANT_DROP_FIELD_OR_KEY: a process that was killed may
            // have left a statement that does the same
            1205 | 1213 | 1020 | 3572 | 1412 | 1615 | 1060 | 1061 | 1091 => Trouble::Contention,
            // EE_DISK_FULL, ENOSPC, ER_DISK_FULL, ER_RECORD_FILE_FULL
            20 | 28 | 1021 | 1114 => Trouble::Unwritable(Unwritable::Full),
            // Read-only tables, server (--read-only, --super-read-only, --innodb-read-only) or transaction; a missing privilege
            1036 | 1142 | 1143 | 1290 | 1792 | 1836 => Trouble::Unwritable(Unwritable::ReadOnly),
            // EE_CANTCREATEFILE, EE_READ, EE_WRITE, EE_BADCLOSE, ER_ERROR_ON_WRITE, ER_GET_ERRNO, ER_ERROR_DURING_COMMIT
            1..=4 | 1026 | 1030 | 1180 => Trouble::Unwritable(Unwritable::Failing),
            // Too many connections, of all or of this user; no memory; a server that is not ready; a node of Galera that is outside of
            // its cluster; a statement was ended or took too long.
            1040 | 1041 | 1047 | 1203 | 1226 | 1317 | 1969 | 3024 | 3168 => Trouble::Unavailable,
            _ if ends_connection(error) => Trouble::Unavailable,
            _ => Trouble::Other,
        };
    }
    Trouble::Other
}

/// Whether the database ended a statement that took too long.
pub fn is_statement_timeout(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return error.code() == "57014";
    }
    error.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|error| matches!(error.number(), 1969 | 3024))
}

/// Whether a connection is unusable after this error: the server shuts down, ends the connection, or is now read-only.
pub fn ends_connection(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        let code = error.code();
        return code.starts_with("08") || code.starts_with("57P") || ["25P03", "25P04", "25006"].contains(&code);
    }
    error
        .try_downcast_ref::<MySqlDatabaseError>()
        .is_some_and(|error| matches!(error.number(), 1053 | 1152..=1161 | 1290 | 1836 | 1927 | 2006 | 2013 | 4031))
}
