//! API keys, and which of them authenticated the request of an audit event.
//!
//! `api_keys.secret` has the SHA-256 of a bearer key, and the encrypted secret of a key that signs. `audit_events.api_key_id`
//! has no foreign key: the event stays when the key is removed.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::{
    run,
    table::{add_column, drop_column},
};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000009_api_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (table, id) = match manager.get_database_backend() {
            DbBackend::Sqlite => (SQLITE, "uuid_text"),
            DbBackend::Postgres => (POSTGRES, "uuid"),
            _ => (MYSQL, "binary(16)"),
        };
        run(manager, table).await?;
        add_column(manager, "audit_events", "api_key_id", id).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &["DROP TABLE IF EXISTS api_keys"]).await?;
        drop_column(manager, "audit_events", "api_key_id").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS api_keys (
        id uuid_text NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name varchar(100) NOT NULL,
        note text,
        kind varchar(16) NOT NULL,
        secret blob NOT NULL,
        scopes text NOT NULL,
        networks text NOT NULL,
        created_at bigint NOT NULL,
        expires_at bigint,
        last_used_at bigint
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS api_keys_user_id ON api_keys (user_id, id)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS api_keys (
        id uuid NOT NULL PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name varchar(100) NOT NULL,
        note text,
        kind varchar(16) NOT NULL,
        secret bytea NOT NULL,
        scopes text NOT NULL,
        networks text NOT NULL,
        created_at bigint NOT NULL,
        expires_at bigint,
        last_used_at bigint
    )",
    "CREATE INDEX IF NOT EXISTS api_keys_user_id ON api_keys (user_id, id)",
];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS api_keys (
        id binary(16) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        name varchar(100) NOT NULL,
        note text,
        kind varchar(16) NOT NULL,
        secret blob NOT NULL,
        scopes text NOT NULL,
        networks text NOT NULL,
        created_at bigint NOT NULL,
        expires_at bigint,
        last_used_at bigint,
        KEY api_keys_user_id (user_id, id),
        CONSTRAINT api_keys_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];
