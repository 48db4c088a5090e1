//! The first responses to requests with an `Idempotency-Key`. The body is the last column, since it may be long.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000011_idempotency"
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
        run(manager, &["DROP TABLE IF EXISTS idempotent_responses"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS idempotent_responses (
        id blob NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        fingerprint blob NOT NULL,
        status bigint NOT NULL,
        location text,
        etag text,
        created_at bigint NOT NULL,
        body blob NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS idempotent_responses_user_id ON idempotent_responses (user_id)",
    "CREATE INDEX IF NOT EXISTS idempotent_responses_created_at ON idempotent_responses (created_at)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS idempotent_responses (
        id bytea NOT NULL PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        fingerprint bytea NOT NULL,
        status bigint NOT NULL,
        location text,
        etag text,
        created_at bigint NOT NULL,
        body bytea NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS idempotent_responses_user_id ON idempotent_responses (user_id)",
    "CREATE INDEX IF NOT EXISTS idempotent_responses_created_at ON idempotent_responses (created_at)",
];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS idempotent_responses (
        id binary(32) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        fingerprint binary(32) NOT NULL,
        status bigint NOT NULL,
        location text,
        etag text,
        created_at bigint NOT NULL,
        body longblob NOT NULL,
        KEY idempotent_responses_user_id (user_id),
        KEY idempotent_responses_created_at (created_at),
        CONSTRAINT idempotent_responses_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];
