//! The differences between the databases in statements on users and what belongs to their accounts.

use sea_orm::{
    DbBackend,
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

/// Deletes the oldest rows before a time. Parameters: the time, the maximum number of rows.
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

/// Deletes some of a user's memos. Parameters: the user, the maximum number of memos.
pub const fn remove_memos(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "DELETE FROM memos WHERE id IN (SELECT id FROM memos WHERE owner_id = ? LIMIT ?)",
        DbBackend::Postgres => "DELETE FROM memos WHERE id IN (SELECT id FROM memos WHERE owner_id = $1 LIMIT $2)",
        _ => "DELETE FROM memos WHERE owner_id = ? LIMIT ?",
    }
}
