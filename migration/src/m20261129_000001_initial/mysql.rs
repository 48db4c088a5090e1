//! The statements for MySQL and MariaDB.
//!
//! * A key column is binary: text collations consider texts equal that differ only in trailing spaces.
//! * There are no partial indexes: the columns of the condition come before those of the order.
//! * MySQL has no `CREATE INDEX IF NOT EXISTS`: a table is created together with its indexes.

pub const UP: &[&str] = &[
    // The adapter recognizes the name of the unique index in errors.
    "CREATE TABLE IF NOT EXISTS users (
        id binary(16) NOT NULL PRIMARY KEY,
        email varchar(254) NOT NULL,
        email_key varbinary(2032) NOT NULL,
        email_verified bool NOT NULL,
        earlier_email_verified bool NOT NULL,
        display_name varchar(100) NOT NULL,
        display_name_key varbinary(1200) NOT NULL,
        role varchar(16) NOT NULL,
        locale varchar(16) NOT NULL,
        password_hash text,
        disabled_at bigint,
        version bigint NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL,
        UNIQUE KEY users_email_key (email_key),
        KEY users_role (role, id),
        KEY users_disabled (disabled_at, id)
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS sessions (
        id binary(16) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        scopes text NOT NULL,
        cookie binary(32),
        provider text,
        device text,
        ip text,
        created_at bigint NOT NULL,
        proved_at bigint,
        last_seen_at bigint NOT NULL,
        expires_at bigint NOT NULL,
        ended_at bigint,
        UNIQUE KEY sessions_cookie (cookie),
        KEY sessions_live (user_id, ended_at, id),
        KEY sessions_ended_at (ended_at),
        KEY sessions_expires_at (expires_at),
        CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS refresh_tokens (
        digest binary(32) NOT NULL PRIMARY KEY,
        session_id binary(16) NOT NULL,
        issued_at bigint NOT NULL,
        expires_at bigint NOT NULL,
        used_at bigint,
        KEY refresh_tokens_session_id (session_id),
        CONSTRAINT refresh_tokens_session FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS memos (
        id binary(16) NOT NULL PRIMARY KEY,
        owner_id binary(16) NOT NULL,
        pinned bool NOT NULL,
        archived bool NOT NULL,
        visibility smallint NOT NULL,
        remind_at bigint,
        reminded_at bigint,
        version bigint NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL,
        deleted_at bigint,
        title varchar(200) NOT NULL,
        title_key varbinary(2400) NOT NULL,
        tags text NOT NULL,
        content mediumtext NOT NULL,
        KEY memos_active_updated_at (owner_id, archived, deleted_at, updated_at, id),
        KEY memos_active_created_at (owner_id, archived, deleted_at, created_at, id),
        KEY memos_active_title_key (owner_id, archived, deleted_at, title_key, id),
        KEY memos_pinned_updated_at (owner_id, pinned, deleted_at, updated_at, id),
        KEY memos_shown_updated_at (owner_id, visibility, deleted_at, updated_at, id),
        KEY memos_public_updated_at (visibility, deleted_at, updated_at, id),
        KEY memos_public_created_at (visibility, deleted_at, created_at, id),
        KEY memos_public_title_key (visibility, deleted_at, title_key, id),
        CONSTRAINT memos_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS memo_tags (
        owner_id binary(16) NOT NULL,
        tag_key varbinary(400) NOT NULL,
        memo_id binary(16) NOT NULL,
        tag varchar(50) NOT NULL,
        trashed bool NOT NULL,
        PRIMARY KEY (owner_id, tag_key, memo_id),
        KEY memo_tags_memo_id (memo_id),
        CONSTRAINT memo_tags_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    // FULLTEXT ignores words of one or two letters, so the adapter encodes each bigram as a longer word.
    "CREATE TABLE IF NOT EXISTS memo_grams (
        memo_id binary(16) NOT NULL PRIMARY KEY,
        title text NOT NULL,
        content mediumtext NOT NULL,
        grams mediumtext CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        FULLTEXT KEY memo_grams_grams (grams),
        CONSTRAINT memo_grams_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS change_feeds (
        owner_id binary(16) NOT NULL PRIMARY KEY,
        last_seq bigint NOT NULL,
        CONSTRAINT change_feeds_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS changes (
        owner_id binary(16) NOT NULL,
        seq bigint NOT NULL,
        kind varchar(32) NOT NULL,
        memo_id binary(16) NOT NULL,
        version bigint NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (owner_id, seq),
        KEY changes_at (at),
        CONSTRAINT changes_feed FOREIGN KEY (owner_id) REFERENCES change_feeds (owner_id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
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
    "CREATE TABLE IF NOT EXISTS jobs (
        id binary(16) NOT NULL PRIMARY KEY,
        owner_id binary(16),
        kind varchar(64) NOT NULL,
        label varchar(64) NOT NULL,
        state varchar(16) NOT NULL,
        attempts bigint NOT NULL,
        begun bigint NOT NULL,
        run_at bigint NOT NULL,
        created_at bigint NOT NULL,
        error text,
        payload mediumblob NOT NULL,
        KEY jobs_owner_id (owner_id),
        KEY jobs_run_at (state, run_at, id),
        KEY jobs_kind (state, kind, id),
        CONSTRAINT jobs_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
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
