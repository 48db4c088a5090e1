//! Likes of memos, which `memos.like_count` counts.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::{run, table};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000004_likes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table::add_column(manager, "memos", "like_count", "bigint NOT NULL DEFAULT 0").await?;
        let statements = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            DbBackend::Postgres => POSTGRES,
            _ => MYSQL,
        };
        run(manager, statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &["DROP TABLE IF EXISTS memo_likes"]).await?;
        table::drop_column(manager, "memos", "like_count").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS memo_likes (
        memo_id uuid_text NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        at bigint NOT NULL,
        PRIMARY KEY (memo_id, user_id)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS memo_likes_user_id ON memo_likes (user_id, memo_id)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS memo_likes (
        memo_id uuid NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        at bigint NOT NULL,
        PRIMARY KEY (memo_id, user_id)
    )",
    "CREATE INDEX IF NOT EXISTS memo_likes_user_id ON memo_likes (user_id, memo_id)",
];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS memo_likes (
        memo_id binary(16) NOT NULL,
        user_id binary(16) NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (memo_id, user_id),
        KEY memo_likes_user_id (user_id, memo_id),
        CONSTRAINT memo_likes_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE,
        CONSTRAINT memo_likes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];
