//! Facts of the content of a memo, stored with it, and its links to other memos.
//!
//! * A memo that was written before has no snippet and no links: it gets them when its text is written again.
//! * `memo_links` is an index of memos by the targets of their links: a hash of the id of a memo, or of a title and its owner.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    run,
    table::{add_column, drop_column},
};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000002_facts"
    }
}

/// The new columns of `memos`, and their types.
const COLUMNS: [(&str, &str); 3] = [
    ("snippet", "varchar(200)"),
    ("has_tasks", "boolean NOT NULL DEFAULT FALSE"),
    ("open_tasks", "bigint NOT NULL DEFAULT 0"),
];

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS memo_links (
        target blob(16) NOT NULL,
        memo_id uuid_text NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        PRIMARY KEY (target, memo_id)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS memo_links_memo_id ON memo_links (memo_id)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS memo_links (
        target bytea NOT NULL,
        memo_id uuid NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        PRIMARY KEY (target, memo_id)
    )",
    "CREATE INDEX IF NOT EXISTS memo_links_memo_id ON memo_links (memo_id)",
];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS memo_links (
        target binary(16) NOT NULL,
        memo_id binary(16) NOT NULL,
        PRIMARY KEY (target, memo_id),
        KEY memo_links_memo_id (memo_id),
        CONSTRAINT memo_links_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, definition) in COLUMNS {
            add_column(manager, "memos", column, definition).await?;
        }
        let statements = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            DbBackend::Postgres => POSTGRES,
            _ => MYSQL,
        };
        run(manager, statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &["DROP TABLE IF EXISTS memo_links"]).await?;
        for (column, _) in COLUMNS {
            drop_column(manager, "memos", column).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
