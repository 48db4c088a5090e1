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

/// Inserts changes, each with a number that is a distance below the last one. Parameters of each: the distance, the kind, the
/// memo, its version, the time, the user.
pub fn insert_changes(backend: DbBackend, count: usize) -> String {
    let selects = (0..count).map(|number| {
        let [distance, kind, memo, version, at, owner] = std::array::from_fn(|parameter| match backend {
            DbBackend::Postgres => format!("${}", 6 * number + parameter + 1),
            _ => "?".to_owned(),
        });
        format!(
            "SELECT last_seq - {distance}, {kind}, {memo}, {version}, {at}, owner_id FROM change_feeds WHERE owner_id = {owner}"
        )
    });
    let selects: Vec<_> = selects.collect();
    format!("INSERT INTO changes (seq, kind, memo_id, version, at, owner_id) {}", selects.join(" UNION ALL "))
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
