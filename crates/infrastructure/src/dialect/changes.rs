//! How each database counts and removes changes.

use sea_orm::DbBackend;

/// Adds to the last number of a member, which it holds from then on. Values: the member, how many, how many.
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

/// Inserts a change with a number counted back from the last one. Values: by how much, the kind, the memo, its version, the
/// time, the member.
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

/// Reads the last number and the version of a member. Value: the member.
pub const fn stamp(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "SELECT last_seq, version FROM users LEFT JOIN change_feeds ON owner_id = users.id WHERE users.id = $1"
        }
        _ => "SELECT last_seq, version FROM users LEFT JOIN change_feeds ON owner_id = users.id WHERE users.id = ?",
    }
}

/// Removes the oldest changes before a time. Values: the time, how many at most.
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
