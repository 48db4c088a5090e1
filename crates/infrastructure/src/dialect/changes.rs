//! The differences between the databases in statements on the change feed.

use sea_orm::DbBackend;

/// Increments the number of a user's last change, and locks it until the transaction ends. Parameters: the user, the
/// increment, the increment again.
pub const fn count_changes(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "INSERT INTO change_feeds (owner_id, last_seq) VALUES (?, ?)
             ON CONFLICT (owner_id) DO UPDATE SET last_seq = last_seq + ?"
        }
        DbBackend::Postgres => {
            "INSERT INTO change_feeds (owner_id, last_seq) VALUES ($1, $2)
             ON CONFLICT (owner_id) DO UPDATE SET last_seq = change_feeds.last_seq + $3"
        }
        _ => {
            "INSERT INTO change_feeds (owner_id, last_seq) VALUES (?, ?)
             ON DUPLICATE KEY UPDATE last_seq = last_seq + ?"
        }
    }
}

/// Inserts a change whose number is a distance below the last one. Parameters: the distance, the kind, the memo, its
/// version, the time, the user.
pub const fn insert_change(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "INSERT INTO changes (seq, kind, memo_id, version, at, owner_id)
             SELECT last_seq - $1, $2, $3, $4, $5, owner_id FROM change_feeds WHERE owner_id = $6"
        }
        _ => {
            "INSERT INTO changes (seq, kind, memo_id, version, at, owner_id)
             SELECT last_seq - ?, ?, ?, ?, ?, owner_id FROM change_feeds WHERE owner_id = ?"
        }
    }
}

/// Selects the number of a user's last change, and the user's version. Parameter: the user.
pub const fn stamp(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "SELECT last_seq, version FROM users LEFT JOIN change_feeds ON owner_id = users.id WHERE users.id = $1"
        }
        _ => "SELECT last_seq, version FROM users LEFT JOIN change_feeds ON owner_id = users.id WHERE users.id = ?",
    }
}

/// Deletes the oldest changes before a time. Parameters: the time, the maximum number of changes.
pub const fn remove_changes(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "DELETE FROM changes WHERE (owner_id, seq) IN (
                SELECT owner_id, seq FROM changes WHERE at < ? ORDER BY at LIMIT ?
             )"
        }
        DbBackend::Postgres => {
            "DELETE FROM changes WHERE (owner_id, seq) IN (
                SELECT owner_id, seq FROM changes WHERE at < $1 ORDER BY at LIMIT $2
             )"
        }
        _ => "DELETE FROM changes WHERE at < ? ORDER BY at LIMIT ?",
    }
}
