//! The statements for MySQL and MariaDB.
//!
//! Each statement commits by itself, so each can be repeated after an interruption.

/// The tables that [`UP`] creates.
pub const TABLES: [&str; 6] =
    ["identities", "one_time_tokens", "second_factors", "recovery_codes", "outbox", "audit_events"];

pub const UP: &[&str] = &[
    // Binary columns: text collations consider texts equal that differ only in trailing spaces.
    "CREATE TABLE IF NOT EXISTS identities (
        user_id binary(16) NOT NULL,
        provider varbinary(256) NOT NULL,
        issuer varbinary(1020) NOT NULL,
        subject varbinary(1020) NOT NULL,
        email text,
        created_at bigint NOT NULL,
        PRIMARY KEY (user_id, provider),
        UNIQUE KEY identities_subject (issuer, subject),
        CONSTRAINT identities_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS one_time_tokens (
        digest binary(32) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        purpose varchar(32) NOT NULL,
        email_key text,
        scopes text,
        tries bigint NOT NULL,
        created_at bigint NOT NULL,
        expires_at bigint NOT NULL,
        KEY one_time_tokens_user_id (user_id, purpose),
        KEY one_time_tokens_expires_at (expires_at),
        CONSTRAINT one_time_tokens_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS second_factors (
        user_id binary(16) NOT NULL PRIMARY KEY,
        secret blob NOT NULL,
        confirmed_at bigint,
        last_step bigint NOT NULL,
        created_at bigint NOT NULL,
        CONSTRAINT second_factors_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS recovery_codes (
        user_id binary(16) NOT NULL,
        code binary(32) NOT NULL,
        PRIMARY KEY (user_id, code),
        CONSTRAINT recovery_codes_factor FOREIGN KEY (user_id) REFERENCES second_factors (user_id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS outbox (
        id binary(16) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        kind varchar(64) NOT NULL,
        state varchar(16) NOT NULL,
        tries bigint NOT NULL,
        due_at bigint NOT NULL,
        created_at bigint NOT NULL,
        error text,
        content mediumblob NOT NULL,
        KEY outbox_user_id (user_id),
        KEY outbox_due_at (state, due_at, id),
        KEY outbox_id (state, id),
        CONSTRAINT outbox_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS audit_events (
        id binary(16) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        actor_id binary(16),
        kind varchar(64) NOT NULL,
        at bigint NOT NULL,
        ip text,
        device text,
        request_id text,
        detail text,
        KEY audit_events_user_id (user_id, id),
        KEY audit_events_at (at),
        CONSTRAINT audit_events_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
];

/// A change of an existing table.
pub struct Change {
    pub table: &'static str,
    /// A column that the change adds, to find out whether it is applied.
    pub column: &'static str,
    pub up: &'static str,
    pub down: &'static str,
}

/// MySQL has no partial indexes: the columns of the condition come before those of the order.
pub const CHANGES: [Change; 2] = [
    Change {
        table: "users",
        column: "display_name_key",
        up: "ALTER TABLE users
            ADD COLUMN display_name_key varbinary(1200) NOT NULL DEFAULT '',
            ADD KEY users_role (role, id),
            ADD KEY users_disabled (disabled_at, id)",
        down: "ALTER TABLE users
            DROP KEY users_disabled,
            DROP KEY users_role,
            DROP COLUMN display_name_key",
    },
    Change {
        table: "sessions",
        column: "cookie",
        up: "ALTER TABLE sessions
            ADD COLUMN cookie binary(32),
            ADD COLUMN provider text,
            ADD UNIQUE KEY sessions_cookie (cookie),
            ADD KEY sessions_live (user_id, ended_at, id),
            ADD KEY sessions_ended_at (ended_at),
            ADD KEY sessions_expires_at (expires_at),
            DROP KEY sessions_user_id",
        down: "ALTER TABLE sessions
            ADD KEY sessions_user_id (user_id),
            DROP KEY sessions_expires_at,
            DROP KEY sessions_ended_at,
            DROP KEY sessions_live,
            DROP KEY sessions_cookie,
            DROP COLUMN provider,
            DROP COLUMN cookie",
    },
];

pub const DOWN: &[&str] = &[
    "DROP TABLE IF EXISTS audit_events",
    "DROP TABLE IF EXISTS outbox",
    "DROP TABLE IF EXISTS recovery_codes",
    "DROP TABLE IF EXISTS second_factors",
    "DROP TABLE IF EXISTS one_time_tokens",
    "DROP TABLE IF EXISTS identities",
];
