//! Where the databases differ: the one place that asks which one it is.

mod accounts;
mod changes;
mod search;

use std::time::Duration;

use memo_domain::Conflict;
use sea_orm::{
    DbBackend, DbErr, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions,
    sea_query::{Expr, ExprTrait},
    sqlx::{error::DatabaseError, mysql::MySqlDatabaseError, postgres::PgDatabaseError, sqlite::SqliteError},
};

pub use accounts::{contains, key_as_text, lock_of_changes, remove_memos, remove_oldest};
pub use changes::{count_changes, insert_change, remove_changes, stamp};
pub use search::{
    Role, count as count_found, enter, enter_anew, has, index_is_of_the_transaction, is_not_entered, opaque,
    owner_of_found, owner_of_tagged, walk,
};

/// How long a statement waits for a row that another transaction has changed.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// After this time without a statement the server ends a transaction, whose node may have vanished.
const IDLE_TRANSACTION: Duration = Duration::from_secs(10);
/// After this time without a statement MySQL ends a connection. MariaDB alone knows a limit for transactions.
const IDLE_CONNECTION: Duration = Duration::from_mins(1);

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

/// How a transaction on SQLite begins that writes.
pub fn sqlite_write() -> TransactionOptions {
    // A deferred one would fail, not wait, where it finds another writer after it has read.
    sqlite_transaction(SqliteTransactionMode::Immediate)
}

/// How a transaction on SQLite begins whose reads all see one state.
pub fn sqlite_snapshot() -> TransactionOptions {
    sqlite_transaction(SqliteTransactionMode::Deferred)
}

fn sqlite_transaction(mode: SqliteTransactionMode) -> TransactionOptions {
    TransactionOptions { sqlite_transaction_mode: Some(mode), ..TransactionOptions::default() }
}

/// How a transaction on a server begins that writes.
pub fn begin_write(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        // Its connections are set to READ COMMITTED.
        _ => "START TRANSACTION",
    }
}

/// How a transaction on a server begins whose reads all see one state: that of its first read at the latest.
pub fn begin_snapshot(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        _ => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    }
}

/// The settings of a connection to PostgreSQL; without a limit for its statements, that of one which migrates.
pub fn postgres_settings(statement_limit: Option<Duration>) -> Vec<(&'static str, String)> {
    let millis = |time: Duration| time.as_millis().to_string();
    let mut settings = vec![
        // A node that vanished is noticed within half a minute, and what it held is let go.
        ("tcp_keepalives_idle", "10".to_owned()),
        ("tcp_keepalives_interval", "5".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        ("client_min_messages", "warning".to_owned()),
    ];
    if let Some(limit) = statement_limit {
        settings.push(("statement_timeout", millis(limit)));
        settings.push(("lock_timeout", millis(LOCK_PATIENCE)));
        settings.push(("idle_in_transaction_session_timeout", millis(IDLE_TRANSACTION)));
        // A page reads some hundred rows: to start workers for it takes longer than to read them.
        settings.push(("max_parallel_workers_per_gather", "0".to_owned()));
    } else {
        settings.push(("statement_timeout", "0".to_owned()));
        settings.push(("idle_in_transaction_session_timeout", "0".to_owned()));
    }
    settings
}

/// The settings of a connection to MySQL; without a limit for its statements, that of one which migrates.
///
/// MariaDB reads what stands between `/*M!` and `*/`, MySQL from 8.0 on what stands between `/*!80000` and `*/`.
pub fn mysql_settings(statement_limit: Option<Duration>) -> String {
    let limits = statement_limit.map_or_else(String::new, |limit| {
        format!(
            ", SESSION innodb_lock_wait_timeout = {lock}, SESSION wait_timeout = {idle} \
             /*M! , SESSION max_statement_time = {seconds}, SESSION idle_transaction_timeout = {transaction} */ \
             /*!80000 , SESSION max_execution_time = {millis} */",
            lock = LOCK_PATIENCE.as_secs(),
            idle = IDLE_CONNECTION.as_secs(),
            seconds = limit.as_secs_f64(),
            transaction = IDLE_TRANSACTION.as_secs(),
            millis = limit.as_millis(),
        )
    });
    // Of a longer key than the server sorts by, only the beginning would count.
    format!(
        "SET NAMES utf8mb4, SESSION max_sort_length = 4096, \
         SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT'{limits}; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
}

/// Waits so long until no other process migrates the database. The lock is that of the transaction on PostgreSQL, of the
/// connection on MySQL. It gives one row with one number: 1 where the lock was got.
pub fn migration_lock(backend: DbBackend, patience: Duration) -> Vec<String> {
    match backend {
        DbBackend::Sqlite => Vec::new(),
        DbBackend::Postgres => vec![
            format!("SET LOCAL lock_timeout = {}", patience.as_millis()),
            // Of this program and this database; the number is arbitrary.
            "SELECT 1::BIGINT AS locked FROM (SELECT pg_advisory_xact_lock(7881299347898368)) AS lock".to_owned(),
        ],
        // Locks are of the whole server there, and their names are of 64 characters at most.
        _ => vec![format!(
            "SELECT CAST(GET_LOCK(CONCAT('memo_migration_', MD5(DATABASE())), {}) AS SIGNED) AS locked",
            patience.as_secs()
        )],
    }
}

/// What lets go of [`migration_lock`] where the end of the transaction does not.
pub fn migration_unlock(backend: DbBackend) -> Option<&'static str> {
    match backend {
        DbBackend::MySql => Some("DO RELEASE_LOCK(CONCAT('memo_migration_', MD5(DATABASE())))"),
        _ => None,
    }
}

/// What comes behind a place in the order of two columns. The values are of the same order, and both ascend or both descend.
///
/// Compared as one value, two columns are found in an index by SQLite and PostgreSQL; MySQL would read all that comes
/// before, too, and needs the first column's part of it said apart.
pub fn after(backend: DbBackend, columns: [Expr; 2], values: [Expr; 2], ascending: bool) -> Expr {
    if backend == DbBackend::MySql {
        let ([first, second], [value, tie]) = (columns, values);
        let (range, beyond, tie) = if ascending {
            (first.clone().gte(value.clone()), first.gt(value), second.gt(tie))
        } else {
            (first.clone().lte(value.clone()), first.lt(value), second.lt(tie))
        };
        return range.and(beyond.or(tie));
    }
    let (place, cursor) = (Expr::tuple(columns), Expr::tuple(values));
    if ascending { place.gt(cursor) } else { place.lt(cursor) }
}

/// Which rule a unique index stands for, by what the driver says of it: the columns (SQLite) or the index (the others).
pub fn unique_rule(message: &str) -> Conflict {
    // MySQL names the value, too, which may be anything.
    let rule = message.rsplit_once(" for key ").map_or(message, |(_, index)| index);
    if rule.contains("email_key") { Conflict::Email } else { Conflict::Id }
}

/// What an error of the database means beyond broken rules.
pub enum Trouble {
    /// It was busy, or went away.
    Busy,
    /// It gave up the transaction for another, which may have changed what this one has read.
    Superseded,
    /// The file is no database, or a damaged one.
    Damaged,
    /// Anything else.
    Other,
}

/// What an error of the database means beyond broken rules.
pub fn trouble(error: &dyn DatabaseError) -> Trouble {
    if error.try_downcast_ref::<SqliteError>().is_some() {
        // The low byte of an extended result code is the primary one.
        return match error.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Trouble::Busy,
            Some(11 | 26) => Trouble::Damaged,
            _ => Trouble::Other,
        };
    }
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return match error.code() {
            "40001" | "40P01" => Trouble::Superseded,
            // A lock or a statement took too long.
            "55P03" | "57014" => Trouble::Busy,
            code if code.starts_with("53") => Trouble::Busy,
            "XX001" | "XX002" => Trouble::Damaged,
            _ if ends_connection(error) => Trouble::Busy,
            _ => Trouble::Other,
        };
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return match error.number() {
            // A lock took too long; a deadlock.
            1205 | 1213 => Trouble::Superseded,
            // Too many connections, of all or of this user; a statement was ended or took too long.
            1040 | 1203 | 1226 | 1317 | 1969 | 3024 => Trouble::Busy,
            _ if ends_connection(error) => Trouble::Busy,
            _ => Trouble::Other,
        };
    }
    Trouble::Other
}

/// Whether a connection is of no use any more after this error: the server goes away, ends the connection, or became one
/// that only reads.
pub fn ends_connection(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        let code = error.code();
        return code.starts_with("08") || code.starts_with("57P") || ["25P03", "25P04", "25006"].contains(&code);
    }
    error
        .try_downcast_ref::<MySqlDatabaseError>()
        .is_some_and(|error| matches!(error.number(), 1053 | 1152..=1161 | 1290 | 1836 | 1927 | 2006 | 2013 | 4031))
}

/// Whether a lock was waited for in vain.
pub fn is_lock_timeout(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("55P03"))
}
