//! The differences between the databases in statements on users and what belongs to their accounts.

use memo_domain::UserId;
use sea_orm::{
    DbBackend, Statement,
    sea_query::{Expr, LockType},
};

/// Converts a column that is compared byte by byte to text. On MySQL its type is binary, which the driver does not decode
/// as text.
pub fn key_as_text(backend: DbBackend, column: Expr) -> Expr {
    match backend {
        DbBackend::MySql => Expr::cust_with_expr("CONVERT(? USING utf8mb4)", column),
        _ => column,
    }
}

/// The condition that a column, which is compared byte by byte, contains a text.
pub fn contains(backend: DbBackend, column: Expr, text: &str) -> Expr {
    // No stored text contains NUL, and PostgreSQL rejects a parameter that does.
    if text.contains('\0') {
        return Expr::cust("1 = 0");
    }
    let condition = match backend {
        DbBackend::Postgres => "STRPOS($1, $2) > 0",
        _ => "INSTR(?, ?) > 0",
    };
    Expr::cust_with_exprs(condition, [column, Expr::value(text)])
}

/// The lock against changes of a row. On PostgreSQL, other transactions can still insert rows that reference it.
pub fn lock_of_changes(backend: DbBackend) -> LockType {
    match backend {
        DbBackend::Postgres => LockType::NoKeyUpdate,
        _ => LockType::Update,
    }
}

/// Deletes the oldest rows before a time. `key` may be several columns. Parameters: the time, the maximum number of rows.
pub fn remove_oldest(backend: DbBackend, table: &str, key: &str, time: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT ?)"
        ),
        DbBackend::Postgres => format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {time} < $1 ORDER BY {time} LIMIT $2)"
        ),
        _ => format!("DELETE FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT ?"),
    }
}

/// Deletes some refresh tokens of the sessions that meet a condition, which ends with a value. Parameters: the value, the maximum
/// number of tokens.
pub fn remove_refresh_tokens(backend: DbBackend, condition: &str) -> String {
    let found =
        format!("SELECT digest FROM sessions JOIN refresh_tokens ON session_id = id WHERE sessions.{condition}");
    match backend {
        DbBackend::Sqlite => format!("DELETE FROM refresh_tokens WHERE digest IN ({found} ? LIMIT ?)"),
        DbBackend::Postgres => format!("DELETE FROM refresh_tokens WHERE digest IN ({found} $1 LIMIT $2)"),
        // Not IN, for which MariaDB reads the whole table.
        _ => format!("DELETE refresh_tokens FROM refresh_tokens JOIN ({found} ? LIMIT ?) AS found USING (digest)"),
    }
}

/// Counts the distinct tags of a user's memos outside the trash, as `count`.
pub fn count_distinct_tags(backend: DbBackend, owner: UserId) -> Statement {
    // Looks up one tag after the other instead of reading all rows of each. MySQL limits the number of steps.
    let (sql, count) = match backend {
        DbBackend::Sqlite => (
            "WITH RECURSIVE found(tag) AS (
               SELECT MIN(tag_key) FROM memo_tags WHERE owner_id = ? AND NOT trashed
               UNION ALL
               SELECT (SELECT MIN(tag_key) FROM memo_tags WHERE owner_id = ? AND tag_key > tag_before.tag AND NOT trashed)
               FROM found AS tag_before WHERE tag_before.tag IS NOT NULL
             ) SELECT COUNT(tag) AS count FROM found",
            2,
        ),
        // Steps may each scan the table there, until it is analysed.
        DbBackend::Postgres => {
            ("SELECT COUNT(DISTINCT tag_key) AS count FROM memo_tags WHERE owner_id = $1 AND NOT trashed", 1)
        }
        _ => ("SELECT COUNT(DISTINCT tag_key) AS count FROM memo_tags WHERE owner_id = ? AND NOT trashed", 1),
    };
    Statement::from_sql_and_values(backend, sql, vec![owner.as_uuid().into(); count])
}

/// Deletes some rows of a user that meet a further condition. `key` may be several columns. Parameters: the user (twice, but once on MySQL), the maximum
/// number of rows.
pub fn remove_some(backend: DbBackend, table: &str, key: &str, user: &str, and: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!(
            "DELETE FROM {table} WHERE {user} = ? AND ({key}) IN (SELECT {key} FROM {table} WHERE {user} = ?{and} LIMIT ?)"
        ),
        DbBackend::Postgres => format!(
            "DELETE FROM {table} WHERE {user} = $1 AND ({key}) IN (SELECT {key} FROM {table} WHERE {user} = $2{and} LIMIT $3)"
        ),
        _ => format!("DELETE FROM {table} WHERE {user} = ?{and} LIMIT ?"),
    }
}
