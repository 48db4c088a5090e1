//! The statements for SQLite.

pub const UP: &[&str] = &[
    "ALTER TABLE users ADD COLUMN display_name_key varchar(300) NOT NULL DEFAULT ''",
    "CREATE INDEX users_role ON users (role, id)",
    "CREATE INDEX users_disabled ON users (id) WHERE disabled_at IS NOT NULL",
    "ALTER TABLE sessions ADD COLUMN cookie blob(32)",
    "ALTER TABLE sessions ADD COLUMN provider text",
    "CREATE UNIQUE INDEX sessions_cookie ON sessions (cookie) WHERE cookie IS NOT NULL",
    "CREATE INDEX sessions_live ON sessions (user_id, id) WHERE ended_at IS NULL",
    "CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX sessions_expires_at ON sessions (expires_at)",
    "CREATE TABLE identities (
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        provider varchar(64) NOT NULL,
        issuer varchar(255) NOT NULL,
        subject varchar(255) NOT NULL,
        email text,
        created_at bigint NOT NULL,
        PRIMARY KEY (user_id, provider)
    ) WITHOUT ROWID",
    "CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject)",
    "CREATE TABLE one_time_tokens (
        digest blob(32) NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        purpose varchar(32) NOT NULL,
        email_key text,
        scopes text,
        tries bigint NOT NULL,
        created_at bigint NOT NULL,
        expires_at bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE INDEX one_time_tokens_user_id ON one_time_tokens (user_id, purpose)",
    "CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at)",
    "CREATE TABLE second_factors (
        user_id uuid_text NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        secret blob NOT NULL,
        confirmed_at bigint,
        last_step bigint NOT NULL,
        created_at bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE TABLE recovery_codes (
        user_id uuid_text NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
        code blob(32) NOT NULL,
        PRIMARY KEY (user_id, code)
    ) WITHOUT ROWID",
    // Not WITHOUT ROWID: with whole mails in its rows, a tree by id would be deep.
    "CREATE TABLE outbox (
        id uuid_text NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        kind varchar(64) NOT NULL,
        state varchar(16) NOT NULL,
        tries bigint NOT NULL,
        due_at bigint NOT NULL,
        created_at bigint NOT NULL,
        error text,
        content blob NOT NULL
    )",
    "CREATE INDEX outbox_user_id ON outbox (user_id)",
    "CREATE INDEX outbox_due_at ON outbox (state, due_at, id)",
    "CREATE INDEX outbox_id ON outbox (state, id)",
    "CREATE TABLE audit_events (
        id uuid_text NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        actor_id uuid_text,
        kind varchar(64) NOT NULL,
        at bigint NOT NULL,
        ip text,
        device text,
        request_id text,
        detail text
    ) WITHOUT ROWID",
    "CREATE INDEX audit_events_user_id ON audit_events (user_id, id)",
    "CREATE INDEX audit_events_at ON audit_events (at)",
];

pub const DOWN: &[&str] = &[
    "DROP TABLE audit_events",
    "DROP TABLE outbox",
    "DROP TABLE recovery_codes",
    "DROP TABLE second_factors",
    "DROP TABLE one_time_tokens",
    "DROP TABLE identities",
    "DROP INDEX sessions_expires_at",
    "DROP INDEX sessions_ended_at",
    "DROP INDEX sessions_live",
    "DROP INDEX sessions_cookie",
    "ALTER TABLE sessions DROP COLUMN provider",
    "ALTER TABLE sessions DROP COLUMN cookie",
    "DROP INDEX users_disabled",
    "DROP INDEX users_role",
    "ALTER TABLE users DROP COLUMN display_name_key",
];
