//! The statements for MySQL and MariaDB.
//!
//! Each statement commits by itself, so each can be repeated after an interruption.

pub const UP: &[&str] = &[
    // FULLTEXT ignores words of one or two letters, so the adapter encodes each bigram as a longer word.
    "CREATE TABLE IF NOT EXISTS memo_grams (
        memo_id binary(16) NOT NULL PRIMARY KEY,
        title text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        content mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        grams mediumtext CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        FULLTEXT KEY memo_grams_grams (grams),
        CONSTRAINT memo_grams_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4",
    "CREATE TABLE IF NOT EXISTS change_feeds (
        owner_id binary(16) NOT NULL PRIMARY KEY,
        last_seq bigint NOT NULL,
        CONSTRAINT change_feeds_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4",
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
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4",
];

/// A column that [`TAGS_UP`] adds, to find out whether it has run.
pub const NEW_COLUMN: &str = "tag";

/// Existing rows get an empty text and a zero, until the adapter backfills them.
pub const TAGS_UP: &[&str] = &["ALTER TABLE memo_tags
    ADD COLUMN tag varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    ADD COLUMN trashed bool NOT NULL"];

pub const TAGS_DOWN: &[&str] = &["ALTER TABLE memo_tags DROP COLUMN tag, DROP COLUMN trashed"];

/// An index that [`INDEXES_UP`] creates, to find out whether it has run.
pub const NEW_INDEX: &str = "memos_active_updated_at";

/// MySQL has no partial indexes: the columns of the condition come before those of the order.
pub const INDEXES_UP: &[&str] = &["ALTER TABLE memos
    ADD KEY memos_active_updated_at (owner_id, archived, deleted_at, updated_at, id),
    ADD KEY memos_active_created_at (owner_id, archived, deleted_at, created_at, id),
    ADD KEY memos_active_title_key (owner_id, archived, deleted_at, title_key, id),
    ADD KEY memos_pinned_updated_at (owner_id, pinned, deleted_at, updated_at, id),
    ADD KEY memos_shown_updated_at (owner_id, visibility, deleted_at, updated_at, id),
    DROP KEY memos_public_updated_at,
    ADD KEY memos_public_updated_at (visibility, deleted_at, updated_at, id),
    ADD KEY memos_public_created_at (visibility, deleted_at, created_at, id),
    ADD KEY memos_public_title_key (visibility, deleted_at, title_key, id),
    DROP KEY memos_owner_id_updated_at,
    DROP KEY memos_owner_id_created_at,
    DROP KEY memos_owner_id_title_key"];

pub const DOWN: &[&str] =
    &["DROP TABLE IF EXISTS changes", "DROP TABLE IF EXISTS change_feeds", "DROP TABLE IF EXISTS memo_grams"];

pub const INDEXES_DOWN: &[&str] = &["ALTER TABLE memos
    ADD KEY memos_owner_id_updated_at (owner_id, updated_at, id),
    ADD KEY memos_owner_id_created_at (owner_id, created_at, id),
    ADD KEY memos_owner_id_title_key (owner_id, title_key, id),
    DROP KEY memos_public_updated_at,
    ADD KEY memos_public_updated_at (visibility, updated_at, id),
    DROP KEY memos_public_created_at,
    DROP KEY memos_public_title_key,
    DROP KEY memos_shown_updated_at,
    DROP KEY memos_pinned_updated_at,
    DROP KEY memos_active_updated_at,
    DROP KEY memos_active_created_at,
    DROP KEY memos_active_title_key"];
