//! The statements for PostgreSQL.

pub const UP: &[&str] = &[
    "DROP INDEX memos_owner_id_updated_at",
    "DROP INDEX memos_owner_id_created_at",
    "DROP INDEX memos_owner_id_title_key",
    "DROP INDEX memos_public_updated_at",
    "CREATE INDEX memos_owner_id ON memos (owner_id, id)",
    "CREATE INDEX memos_active_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND archived = FALSE",
    "CREATE INDEX memos_active_created_at ON memos (owner_id, created_at, id)
        WHERE deleted_at IS NULL AND archived = FALSE",
    "CREATE INDEX memos_active_title_key ON memos (owner_id, title_key, id)
        WHERE deleted_at IS NULL AND archived = FALSE",
    "CREATE INDEX memos_archived_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND archived = TRUE",
    "CREATE INDEX memos_trashed_updated_at ON memos (owner_id, updated_at, id) WHERE deleted_at IS NOT NULL",
    "CREATE INDEX memos_pinned_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND pinned = TRUE",
    "CREATE INDEX memos_shown_updated_at ON memos (owner_id, updated_at, id)
        WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE INDEX memos_public_updated_at ON memos (updated_at, id) WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE INDEX memos_public_created_at ON memos (created_at, id) WHERE deleted_at IS NULL AND visibility = 1",
    "CREATE INDEX memos_public_title_key ON memos (title_key, id) WHERE deleted_at IS NULL AND visibility = 1",
    // The adapter backfills existing rows.
    "ALTER TABLE memo_tags
        ADD COLUMN tag varchar(50) COLLATE \"C\" NOT NULL DEFAULT '',
        ADD COLUMN trashed boolean NOT NULL DEFAULT FALSE",
    "ALTER TABLE memo_tags ALTER COLUMN tag DROP DEFAULT, ALTER COLUMN trashed DROP DEFAULT",
    // Not a column of memos: an update of a memo would add all its bigrams to the index again, even if its text is unchanged.
    "CREATE TABLE memo_grams (
        memo_id uuid NOT NULL PRIMARY KEY REFERENCES memos (id) ON DELETE CASCADE,
        title text COLLATE \"C\" NOT NULL,
        content text COLLATE \"C\" NOT NULL,
        grams integer[] NOT NULL
    )",
    // Each search scans the list of pending rows, so its limit is low.
    "CREATE INDEX memo_grams_grams ON memo_grams USING gin (grams) WITH (gin_pending_list_limit = 512)",
    "CREATE TABLE change_feeds (
        owner_id uuid NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        last_seq bigint NOT NULL
    )",
    "CREATE TABLE changes (
        owner_id uuid NOT NULL REFERENCES change_feeds (owner_id) ON DELETE CASCADE,
        seq bigint NOT NULL,
        kind varchar(32) NOT NULL,
        memo_id uuid NOT NULL,
        version bigint NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (owner_id, seq)
    )",
    "CREATE INDEX changes_at ON changes (at)",
];

pub const DOWN: &[&str] = &[
    "DROP TABLE changes",
    "DROP TABLE change_feeds",
    "DROP TABLE memo_grams",
    "ALTER TABLE memo_tags DROP COLUMN tag, DROP COLUMN trashed",
    "DROP INDEX memos_public_title_key",
    "DROP INDEX memos_public_created_at",
    "DROP INDEX memos_public_updated_at",
    "DROP INDEX memos_shown_updated_at",
    "DROP INDEX memos_pinned_updated_at",
    "DROP INDEX memos_trashed_updated_at",
    "DROP INDEX memos_archived_updated_at",
    "DROP INDEX memos_active_title_key",
    "DROP INDEX memos_active_created_at",
    "DROP INDEX memos_active_updated_at",
    "DROP INDEX memos_owner_id",
    "CREATE INDEX memos_owner_id_updated_at ON memos (owner_id, updated_at, id)",
    "CREATE INDEX memos_owner_id_created_at ON memos (owner_id, created_at, id)",
    "CREATE INDEX memos_owner_id_title_key ON memos (owner_id, title_key, id)",
    "CREATE INDEX memos_public_updated_at ON memos (visibility, updated_at, id)
        WHERE visibility = 1 AND deleted_at IS NULL",
];
