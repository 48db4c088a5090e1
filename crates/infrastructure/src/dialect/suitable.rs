//! Whether a database on a server can be used: it can hold every text, and its user may change the schema.

use sea_orm::{DbBackend, Statement};

/// Selects a row with a `reason` if some texts can't be stored.
pub fn text_limits(backend: DbBackend) -> Statement {
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT 'has the encoding ' || current_setting('server_encoding') || ', which cannot hold every text: use one \
             made by CREATE DATABASE memo ENCODING ''UTF8'' TEMPLATE template0' AS reason
             WHERE current_setting('server_encoding') <> 'UTF8'"
        }
        // The migrations create tables in utf8mb4, whatever the default is; but tables can be converted or restored otherwise.
        _ => {
            "SELECT CONCAT('has the table ', table_name, ' in the character set ', character_set_name, ', which cannot \
             hold every text: ALTER TABLE ', table_name, ' CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin') AS reason
             FROM information_schema.columns
             WHERE table_schema = DATABASE() AND table_name IN ('users', 'memos', 'memo_tags', 'identities', 'jobs')
                AND character_set_name NOT IN ('utf8mb4', 'ascii') LIMIT 1"
        }
    };
    Statement::from_string(backend, sql)
}

/// Statements of which one fails, or selects `allowed = FALSE`, if the user may not change the schema.
pub fn changeable(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &["SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)
                AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema()
                    AND tablename IN ('users', 'memos') AND NOT pg_has_role(tableowner, 'USAGE')) AS allowed"],
        _ => &[
            "CREATE TABLE IF NOT EXISTS memo_check (id int NOT NULL PRIMARY KEY)",
            "ALTER TABLE memo_check ADD COLUMN n int, ADD KEY memo_check_n (n)",
            "ALTER TABLE memo_check ADD CONSTRAINT memo_check_parent FOREIGN KEY (n) REFERENCES memo_check (id)",
            "DROP TABLE memo_check",
        ],
    }
}

/// What an administrator runs, so that [`changeable`] holds.
pub const fn grant_of_changes(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "GRANT CREATE ON SCHEMA public TO the user, and make the user the owner of its tables",
        _ => "GRANT ALL PRIVILEGES ON the database TO the user (at least CREATE, ALTER, DROP, INDEX and REFERENCES)",
    }
}
