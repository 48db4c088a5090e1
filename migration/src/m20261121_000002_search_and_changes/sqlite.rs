//! The statements for SQLite.

/// Creates the table of memos again with a column `number`, by which the full-text index refers to a memo: without such a
/// column, VACUUM may change the numbers of rows.
pub const UP: &[&str] = &[
    "CREATE TABLE memos_numbered (
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
    "INSERT INTO memos_numbered (id, owner_id, pinned, archived, visibility, remind_at, reminded_at, version, created_at,
        updated_at, deleted_at, title, title_key, tags, content)
     SELECT id, owner_id, pinned, archived, visibility, remind_at, reminded_at, version, created_at,
        updated_at, deleted_at, title, title_key, tags, content
     FROM memos ORDER BY id",
    // Before the old table is dropped, which would also delete the rows that reference it.
    "CREATE TABLE memo_tags_kept (
        owner_id uuid_text NOT NULL,
        tag_key varchar(100) NOT NULL,
        memo_id uuid_text NOT NULL REFERENCES memos_numbered (id) ON DELETE CASCADE,
        tag varchar(50) NOT NULL,
        trashed boolean NOT NULL,
        PRIMARY KEY (owner_id, tag_key, memo_id)
    ) WITHOUT ROWID",
    // The adapter backfills the last two columns.
    "INSERT INTO memo_tags_kept SELECT owner_id, tag_key, memo_id, '', FALSE FROM memo_tags",
    "DROP TABLE memo_tags",
    "DROP TABLE memos",
    "ALTER TABLE memos_numbered RENAME TO memos",
    "ALTER TABLE memo_tags_kept RENAME TO memo_tags",
    "CREATE INDEX memo_tags_memo_id ON memo_tags (memo_id)",
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
    // Without a copy of the text and without positions: queries only ask which memos contain a bigram.
    "CREATE VIRTUAL TABLE memo_grams USING fts5 (
        grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    )",
    "CREATE TABLE memo_texts (
        number INTEGER PRIMARY KEY REFERENCES memos (number) ON DELETE CASCADE,
        title text NOT NULL,
        content text NOT NULL
    )",
    "CREATE TRIGGER memos_removed AFTER DELETE ON memos BEGIN
        DELETE FROM memo_grams WHERE rowid = OLD.number;
     END",
    "CREATE TABLE change_feeds (
        owner_id uuid_text NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        last_seq bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE TABLE changes (
        owner_id uuid_text NOT NULL REFERENCES change_feeds (owner_id) ON DELETE CASCADE,
        seq bigint NOT NULL,
        kind varchar(32) NOT NULL,
        memo_id uuid_text NOT NULL,
        version bigint NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (owner_id, seq)
    ) WITHOUT ROWID",
    "CREATE INDEX changes_at ON changes (at)",
];

/// The table of memos keeps the column `number`, which the older version ignores.
pub const DOWN: &[&str] = &[
    "ALTER TABLE memo_tags DROP COLUMN tag",
    "ALTER TABLE memo_tags DROP COLUMN trashed",
    "DROP TABLE memo_texts",
    "DROP TABLE changes",
    "DROP TABLE change_feeds",
    "DROP TRIGGER memos_removed",
    "DROP TABLE memo_grams",
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
