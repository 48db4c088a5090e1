//! The statements on the table of migrations and on the lease of the process that migrates.

use std::time::Duration;

use sea_orm::{DbBackend, Statement};

/// Selects a row if the table of migrations exists.
pub fn find_migrations_table(backend: DbBackend) -> Statement {
    let sql = match backend {
        DbBackend::Sqlite => "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'seaql_migrations'",
        DbBackend::Postgres => {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'"
        }
        _ => {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'seaql_migrations'"
        }
    };
    Statement::from_string(backend, sql)
}

/// Selects the name of the first migration and the second in which it was applied: another database has another one.
pub fn first_migration(backend: DbBackend) -> Statement {
    Statement::from_string(backend, "SELECT version, applied_at FROM seaql_migrations ORDER BY version LIMIT 1")
}

/// Records a migration as applied. It may be recorded already.
pub fn insert_migration(backend: DbBackend, name: &str) -> Statement {
    let sql = match backend {
        DbBackend::Sqlite => "INSERT OR IGNORE INTO seaql_migrations (version, applied_at) VALUES (?, unixepoch())",
        DbBackend::Postgres => {
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, CAST(extract(epoch FROM now()) AS bigint))
             ON CONFLICT DO NOTHING"
        }
        _ => "INSERT IGNORE INTO seaql_migrations (version, applied_at) VALUES (?, UNIX_TIMESTAMP())",
    };
    Statement::from_sql_and_values(backend, sql, [name.into()])
}

/// Records a migration as not applied.
pub fn delete_migration(backend: DbBackend, name: &str) -> Statement {
    let sql = match backend {
        DbBackend::Postgres => "DELETE FROM seaql_migrations WHERE version = $1",
        _ => "DELETE FROM seaql_migrations WHERE version = ?",
    };
    Statement::from_sql_and_values(backend, sql, [name.into()])
}

/// Creates the table of leases on a server, and the expired lease that a first claim finds.
pub const fn create_lease(backend: DbBackend) -> [&'static str; 2] {
    let table = "CREATE TABLE IF NOT EXISTS leases (
        name varchar(64) NOT NULL PRIMARY KEY, generation bigint NOT NULL, expires_at bigint NOT NULL)";
    let row = match backend {
        DbBackend::Postgres => "INSERT INTO leases VALUES ('migration', 0, 0) ON CONFLICT DO NOTHING",
        _ => "INSERT IGNORE INTO leases VALUES ('migration', 0, 0)",
    };
    [table, row]
}

/// Selects the `generation` of the lease if no process holds it.
pub fn expired_lease(backend: DbBackend) -> Statement {
    let now = now(backend);
    let sql = format!("SELECT generation FROM leases WHERE name = 'migration' AND expires_at < {now}");
    Statement::from_string(backend, sql)
}

/// Claims the lease that [`expired_lease`] has found, unless another process was faster.
pub fn claim_lease(backend: DbBackend, generation: i64, duration: Duration) -> Statement {
    let now = now(backend);
    let sql = format!(
        "UPDATE leases SET generation = {generation} + 1, expires_at = {now} + {duration}
         WHERE name = 'migration' AND generation = {generation} AND expires_at < {now}",
        duration = duration.as_micros(),
    );
    Statement::from_string(backend, sql)
}

/// Extends a lease, unless another process has claimed it.
pub fn renew_lease(backend: DbBackend, generation: i64, duration: Duration) -> Statement {
    let (now, duration) = (now(backend), duration.as_micros());
    let sql = format!(
        "UPDATE leases SET expires_at = {now} + {duration} WHERE name = 'migration' AND generation = {generation}"
    );
    Statement::from_string(backend, sql)
}

/// Ends a lease, unless another process has claimed it.
pub fn release_lease(backend: DbBackend, generation: i64) -> Statement {
    let sql = format!("UPDATE leases SET expires_at = 0 WHERE name = 'migration' AND generation = {generation}");
    Statement::from_string(backend, sql)
}

/// The time of the server in microseconds: the clocks of nodes may differ.
const fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "CAST(extract(epoch FROM now()) * 1000000 AS bigint)",
        _ => "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
    }
}
