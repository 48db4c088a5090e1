//! The statements for SQLite.
//!
//! A table of small rows is stored in the order of its primary key (WITHOUT ROWID), so that a lookup descends one tree
//! instead of two. With long texts in its rows, such a tree would be deep.

pub const UP: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS users (
        id uuid_text NOT NULL PRIMARY KEY,
        email varchar(254) NOT NULL,
        email_key varchar(508) NOT NULL,
        email_verified boolean NOT NULL,
        earlier_email_verified boolean NOT NULL,
        display_name varchar(100) NOT NULL,
        display_name_key varchar(300) NOT NULL,
        role varchar(16) NOT NULL,
        locale varchar(16) NOT NULL,
        password_hash text,
        disabled_at bigint,
        version bigint NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
    ) WITHOUT ROWID",
    // The adapter recognizes this column in errors.
    "CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email_key)",
    "CREATE INDEX IF NOT EXISTS users_role ON users (role, id)",
    "CREATE INDEX IF NOT EXISTS users_disabled ON users (id) WHERE disabled_at IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS sessions (
        id uuid_text NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        scopes text NOT NULL,
        cookie blob(32),
        provider text,
        device text,
        ip text,
        created_at bigint NOT NULL,
        proved_at bigint,
        last_seen_at bigint NOT NULL,
        expires_at bigint NOT NULL,
        ended_at bigint
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS sessions_user_id ON sessions (user_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS sessions_cookie ON sessions (cookie) WHERE cookie IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS sessions_live ON sessions (user_id, id) WHERE ended_at IS NULL",
    "CREATE INDEX IF NOT EXISTS sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS sessions_expires_at ON sessions (expires_at)",
    "CREATE TABLE IF NOT EXISTS refresh_tokens (
        digest blob(32) NOT NULL PRIMARY KEY,
        session_id uuid_text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        issued_at bigint NOT NULL,
        expires_at bigint NOT NULL,
        used_at bigint
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS refresh_tokens_session_id ON refresh_tokens (session_id)",
    // The full-text index refers to a memo by its `number`: without such a column, VACUUM may change the numbers of rows.
    "CREATE TABLE IF NOT EXISTS memos (
        number INTEGER PRIMARY KEY,
        id uuid_text NOT NULL UNIQUE,
        owner_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        pinned boolean NOT NULL,
        archived boolean NOT NULL,
        visibility smallint NOT NULL,
        remind_at bigint,
        reminded_at bigint,
        version bigint NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL,
        deleted_at bigint,
        title varchar(200) NOT NULL,
        title_key varchar(600) NOT NULL,
        tags text NOT NULL,
        content text NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS memos_owner_id ON memos (owner_id, id)",
    "CREATE INDEX IF NOT EXISTS memos_active_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND archived = FALSE",
    "CREATE INDEX IF NOT EXISTS memos_active_created_at ON memos (owner_id, created_at, id)
        WHERE deleted_at IS NULL AND archived = FALSE",
    "CREATE INDEX IF NOT EXISTS memos_active_title_key ON memos (owner_id, title_key, id)
        WHERE deleted_at IS NULL AND archived = FALSE",
    "CREATE INDEX IF NOT EXISTS memos_archived_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND archived = TRUE",
    "CREATE INDEX IF NOT EXISTS memos_trashed_updated_at ON memos (owner_id, updated_at, id) WHERE deleted_at IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS memos_pinned_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND pinned = TRUE",
    "CREATE INDEX IF NOT EXISTS memos_shown_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE INDEX IF NOT EXISTS memos_public_updated_at ON memos (updated_at, id)
        WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE INDEX IF NOT EXISTS memos_public_created_at ON memos (created_at, id)
        WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE INDEX IF NOT EXISTS memos_public_title_key ON memos (title_key, id)
        WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE TABLE IF NOT EXISTS memo_tags (
        owner_id uuid_text NOT NULL,
        tag_key varchar(100) NOT NULL,
        memo_id uuid_text NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        tag varchar(50) NOT NULL,
        trashed boolean NOT NULL,
        PRIMARY KEY (owner_id, tag_key, memo_id)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS memo_tags_memo_id ON memo_tags (memo_id)",
    // Without a copy of the text and without positions: queries only ask which memos contain a bigram.
    "CREATE VIRTUAL TABLE IF NOT EXISTS memo_grams USING fts5 (
        grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    )",
    "CREATE TABLE IF NOT EXISTS memo_texts (
        number INTEGER PRIMARY KEY REFERENCES memos (number) ON DELETE CASCADE,
        title text NOT NULL,
        content text NOT NULL
    )",
    "CREATE TRIGGER IF NOT EXISTS memos_removed AFTER DELETE ON memos BEGIN
        DELETE FROM memo_grams WHERE rowid = OLD.number;
     END",
    "CREATE TABLE IF NOT EXISTS change_feeds (
        owner_id uuid_text NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        last_seq bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS changes (
        owner_id uuid_text NOT NULL REFERENCES change_feeds (owner_id) ON DELETE CASCADE,
        seq bigint NOT NULL,
        kind varchar(32) NOT NULL,
        memo_id uuid_text NOT NULL,
        version bigint NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (owner_id, seq)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS changes_at ON changes (at)",
    "CREATE TABLE IF NOT EXISTS identities (
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        provider varchar(64) NOT NULL,
        issuer varchar(255) NOT NULL,
        subject varchar(255) NOT NULL,
        email text,
        created_at bigint NOT NULL,
        PRIMARY KEY (user_id, provider)
    ) WITHOUT ROWID",
    "CREATE UNIQUE INDEX IF NOT EXISTS identities_subject ON identities (issuer, subject)",
    "CREATE TABLE IF NOT EXISTS one_time_tokens (
        digest blob(32) NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        purpose varchar(32) NOT NULL,
        email_key text,
        scopes text,
        tries bigint NOT NULL,
        created_at bigint NOT NULL,
        expires_at bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS one_time_tokens_user_id ON one_time_tokens (user_id, purpose)",
    "CREATE INDEX IF NOT EXISTS one_time_tokens_expires_at ON one_time_tokens (expires_at)",
    "CREATE TABLE IF NOT EXISTS second_factors (
        user_id uuid_text NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        secret blob NOT NULL,
        confirmed_at bigint,
        last_step bigint NOT NULL,
        created_at bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS recovery_codes (
        user_id uuid_text NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
        code blob(32) NOT NULL,
        PRIMARY KEY (user_id, code)
    ) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS jobs (
        id uuid_text NOT NULL PRIMARY KEY,
        owner_id uuid_text REFERENCES users (id) ON DELETE CASCADE,
        kind varchar(64) NOT NULL,
        label varchar(64) NOT NULL,
        state varchar(16) NOT NULL,
        attempts bigint NOT NULL,
        begun bigint NOT NULL,
        run_at bigint NOT NULL,
        created_at bigint NOT NULL,
        error text,
        payload blob NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS jobs_owner_id ON jobs (owner_id)",
    "CREATE INDEX IF NOT EXISTS jobs_run_at ON jobs (state, run_at, id)",
    "CREATE INDEX IF NOT EXISTS jobs_kind ON jobs (state, kind, id)",
    "CREATE TABLE IF NOT EXISTS audit_events (
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
    "CREATE INDEX IF NOT EXISTS audit_events_user_id ON audit_events (user_id, id)",
    "CREATE INDEX IF NOT EXISTS audit_events_at ON audit_events (at)",
];

/// A table comes before those that it references.
pub const DOWN: &[&str] = &[
    "DROP TABLE IF EXISTS audit_events",
    "DROP TABLE IF EXISTS jobs",
    "DROP TABLE IF EXISTS recovery_codes",
    "DROP TABLE IF EXISTS second_factors",
    "DROP TABLE IF EXISTS one_time_tokens",
    "DROP TABLE IF EXISTS identities",
    "DROP TABLE IF EXISTS changes",
    "DROP TABLE IF EXISTS change_feeds",
    "DROP TRIGGER IF EXISTS memos_removed",
    "DROP TABLE IF EXISTS memo_texts",
    "DROP TABLE IF EXISTS memo_grams",
    "DROP TABLE IF EXISTS memo_tags",
    "DROP TABLE IF EXISTS memos",
    "DROP TABLE IF EXISTS refresh_tokens",
    "DROP TABLE IF EXISTS sessions",
    "DROP TABLE IF EXISTS users",
];
