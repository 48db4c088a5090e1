//! How each database keeps members and what belongs to their accounts.

use sea_orm::{
    DbBackend,
    sea_query::{Expr, LockType},
};

/// A column that is compared byte by byte, as a text to be read. On MySQL it is bytes, of which the driver makes no text.
pub fn key_as_text(backend: DbBackend, column: Expr) -> Expr {
    match backend {
        DbBackend::MySql => Expr::cust_with_expr("CONVERT(? USING utf8mb4)", column),
        _ => column,
    }
}

/// That a column that is compared byte by byte has this text somewhere.
pub fn contains(backend: DbBackend, column: Expr, text: &str) -> Expr {
    // No kept text has this character, and PostgreSQL refuses a value that does.
    if text.contains('\0') {
        return Expr::cust("1 = 0");
    }
    let condition = match backend {
        DbBackend::Postgres => "STRPOS($1, $2) > 0",
        _ => "INSTR(?, ?) > 0",
    };
    Expr::cust_with_exprs(condition, [column, Expr::value(text)])
}

/// How rows are locked of which others may still be the parent: on PostgreSQL, rows that refer to them are added all the same.
pub fn lock_of_changes(backend: DbBackend) -> LockType {
    match backend {
        DbBackend::Postgres => LockType::NoKeyUpdate,
        _ => LockType::Update,
    }
}

/// Removes the oldest rows of before a time. Values: the time, how many at most.
pub fn remove_oldest(backend: DbBackend, table: &str, key: &str, time: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT ?)"
        ),
        DbBackend::Postgres => format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {time} < $1 ORDER BY {time} LIMIT $2)"
        ),
        _ => format!("DELETE FROM {table} WHERE {time} < ? ORDER BY {time} LIMIT ?"),
    }
}

/// Removes some of a member's memos. Values: the member, how many at most.
pub const fn remove_memos(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "DELETE FROM memos WHERE id IN (SELECT id FROM memos WHERE owner_id = ? LIMIT ?)",
        DbBackend::Postgres => "DELETE FROM memos WHERE id IN (SELECT id FROM memos WHERE owner_id = $1 LIMIT $2)",
        _ => "DELETE FROM memos WHERE owner_id = ? LIMIT ?",
    }
}
