//! Shares of memos.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000005_shares"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            DbBackend::Postgres => POSTGRES,
            _ => MYSQL,
        };
        run(manager, statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &["DROP TABLE IF EXISTS memo_shares"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS memo_shares (
        id uuid_text NOT NULL PRIMARY KEY,
        memo_id uuid_text NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        digest blob(32) NOT NULL,
        password_hash text,
        expires_at bigint,
        created_at bigint NOT NULL,
        reads bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE UNIQUE INDEX IF NOT EXISTS memo_shares_digest ON memo_shares (digest)",
    "CREATE INDEX IF NOT EXISTS memo_shares_memo_id ON memo_shares (memo_id, id)",
    "CREATE INDEX IF NOT EXISTS memo_shares_expires_at ON memo_shares (expires_at) WHERE expires_at IS NOT NULL",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS memo_shares (
        id uuid NOT NULL PRIMARY KEY,
        memo_id uuid NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        digest bytea NOT NULL,
        password_hash text,
        expires_at bigint,
        created_at bigint NOT NULL,
        reads bigint NOT NULL
    )",
    "CREATE UNIQUE INDEX IF NOT EXISTS memo_shares_digest ON memo_shares (digest)",
    "CREATE INDEX IF NOT EXISTS memo_shares_memo_id ON memo_shares (memo_id, id)",
    "CREATE INDEX IF NOT EXISTS memo_shares_expires_at ON memo_shares (expires_at) WHERE expires_at IS NOT NULL",
];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS memo_shares (
        id binary(16) NOT NULL PRIMARY KEY,
        memo_id binary(16) NOT NULL,
        digest binary(32) NOT NULL,
        password_hash text,
        expires_at bigint,
        created_at bigint NOT NULL,
        `reads` bigint NOT NULL,
        UNIQUE KEY memo_shares_digest (digest),
        KEY memo_shares_memo_id (memo_id, id),
        KEY memo_shares_expires_at (expires_at),
        CONSTRAINT memo_shares_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];
