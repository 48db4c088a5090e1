//! Earlier texts of memos.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261201_000013_revisions"
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
        run(manager, &["DROP TABLE IF EXISTS memo_revisions"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &["CREATE TABLE IF NOT EXISTS memo_revisions (
        memo_id uuid_text NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        version bigint NOT NULL,
        title text NOT NULL,
        tags text NOT NULL,
        at bigint NOT NULL,
        replaced_at bigint NOT NULL,
        origin smallint NOT NULL,
        origin_id uuid_text,
        prefix bigint NOT NULL,
        suffix bigint NOT NULL,
        middle blob NOT NULL,
        PRIMARY KEY (memo_id, version)
    ) WITHOUT ROWID"];

const POSTGRES: &[&str] = &["CREATE TABLE IF NOT EXISTS memo_revisions (
        memo_id uuid NOT NULL REFERENCES memos (id) ON DELETE CASCADE,
        version bigint NOT NULL,
        title text NOT NULL,
        tags text NOT NULL,
        at bigint NOT NULL,
        replaced_at bigint NOT NULL,
        origin smallint NOT NULL,
        origin_id uuid,
        prefix bigint NOT NULL,
        suffix bigint NOT NULL,
        middle bytea NOT NULL,
        PRIMARY KEY (memo_id, version)
    )"];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS memo_revisions (
        memo_id binary(16) NOT NULL,
        version bigint NOT NULL,
        title text NOT NULL,
        tags text NOT NULL,
        at bigint NOT NULL,
        replaced_at bigint NOT NULL,
        origin smallint NOT NULL,
        origin_id binary(16),
        prefix bigint NOT NULL,
        suffix bigint NOT NULL,
        middle mediumblob NOT NULL,
        PRIMARY KEY (memo_id, version),
        CONSTRAINT memo_revisions_memo FOREIGN KEY (memo_id) REFERENCES memos (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];
