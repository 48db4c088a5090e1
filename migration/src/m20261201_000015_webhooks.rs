//! Webhooks and their deliveries.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261201_000015_webhooks"
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
        run(manager, &["DROP TABLE IF EXISTS webhook_deliveries", "DROP TABLE IF EXISTS webhooks"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS webhooks (
        id uuid_text NOT NULL PRIMARY KEY,
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name varchar(100),
        url text NOT NULL,
        events text NOT NULL,
        secret blob NOT NULL,
        enabled boolean NOT NULL,
        disabled_reason varchar(16),
        delivered_seq bigint NOT NULL,
        failures bigint NOT NULL,
        failing_since bigint,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS webhooks_user_id ON webhooks (user_id, id)",
    "CREATE TABLE IF NOT EXISTS webhook_deliveries (
        id uuid_text NOT NULL PRIMARY KEY,
        webhook_id uuid_text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
        kind varchar(32) NOT NULL,
        seq bigint,
        memo_id uuid_text,
        version bigint,
        event_at bigint NOT NULL,
        status varchar(16) NOT NULL,
        response_status bigint,
        duration_ms bigint,
        error varchar(32),
        attempts bigint NOT NULL,
        at bigint NOT NULL,
        next_attempt_at bigint
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id, id)",
    "CREATE INDEX IF NOT EXISTS webhook_deliveries_seq ON webhook_deliveries (webhook_id, seq)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS webhooks (
        id uuid NOT NULL PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name varchar(100),
        url text NOT NULL,
        events text NOT NULL,
        secret bytea NOT NULL,
        enabled boolean NOT NULL,
        disabled_reason varchar(16),
        delivered_seq bigint NOT NULL,
        failures bigint NOT NULL,
        failing_since bigint,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL
    )",
    "CREATE INDEX IF NOT EXISTS webhooks_user_id ON webhooks (user_id, id)",
    "CREATE TABLE IF NOT EXISTS webhook_deliveries (
        id uuid NOT NULL PRIMARY KEY,
        webhook_id uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
        kind varchar(32) NOT NULL,
        seq bigint,
        memo_id uuid,
        version bigint,
        event_at bigint NOT NULL,
        status varchar(16) NOT NULL,
        response_status bigint,
        duration_ms bigint,
        error varchar(32),
        attempts bigint NOT NULL,
        at bigint NOT NULL,
        next_attempt_at bigint
    )",
    "CREATE INDEX IF NOT EXISTS webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id, id)",
    "CREATE INDEX IF NOT EXISTS webhook_deliveries_seq ON webhook_deliveries (webhook_id, seq)",
];

const MYSQL: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS webhooks (
        id binary(16) NOT NULL PRIMARY KEY,
        user_id binary(16) NOT NULL,
        name varchar(100),
        url text NOT NULL,
        events text NOT NULL,
        secret blob NOT NULL,
        enabled boolean NOT NULL,
        disabled_reason varchar(16),
        delivered_seq bigint NOT NULL,
        failures bigint NOT NULL,
        failing_since bigint,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL,
        KEY webhooks_user_id (user_id, id),
        CONSTRAINT webhooks_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS webhook_deliveries (
        id binary(16) NOT NULL PRIMARY KEY,
        webhook_id binary(16) NOT NULL,
        kind varchar(32) NOT NULL,
        seq bigint,
        memo_id binary(16),
        version bigint,
        event_at bigint NOT NULL,
        status varchar(16) NOT NULL,
        response_status bigint,
        duration_ms bigint,
        error varchar(32),
        attempts bigint NOT NULL,
        at bigint NOT NULL,
        next_attempt_at bigint,
        KEY webhook_deliveries_webhook_id (webhook_id, id),
        KEY webhook_deliveries_seq (webhook_id, seq),
        CONSTRAINT webhook_deliveries_webhook FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin",
];
