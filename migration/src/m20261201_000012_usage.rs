//! The usage by users: a row for each user, day, operation and API key. The requests of sessions have the nil UUID instead of a
//! key; that of a removed key stays, so there is no reference.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261201_000012_usage"
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
        run(manager, &["DROP TABLE IF EXISTS usage_days"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS usage_days (
        user_id uuid_text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        day bigint NOT NULL,
        operation text NOT NULL,
        api_key_id uuid_text NOT NULL,
        requests bigint NOT NULL,
        errors bigint NOT NULL,
        bytes_in bigint NOT NULL,
        bytes_out bigint NOT NULL,
        latencies blob NOT NULL,
        PRIMARY KEY (user_id, day, operation, api_key_id)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS usage_days_day ON usage_days (day)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS usage_days (
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        day bigint NOT NULL,
        operation text COLLATE \"C\" NOT NULL,
        api_key_id uuid NOT NULL,
        requests bigint NOT NULL,
        errors bigint NOT NULL,
        bytes_in bigint NOT NULL,
        bytes_out bigint NOT NULL,
        latencies bytea NOT NULL,
        PRIMARY KEY (user_id, day, operation, api_key_id)
    )",
    "CREATE INDEX IF NOT EXISTS usage_days_day ON usage_days (day)",
];

const MYSQL: &[&str] = &["CREATE TABLE IF NOT EXISTS usage_days (
        user_id binary(16) NOT NULL,
        day bigint NOT NULL,
        operation varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        api_key_id binary(16) NOT NULL,
        requests bigint NOT NULL,
        errors bigint NOT NULL,
        bytes_in bigint NOT NULL,
        bytes_out bigint NOT NULL,
        latencies blob NOT NULL,
        PRIMARY KEY (user_id, day, operation, api_key_id),
        KEY usage_days_day (day),
        CONSTRAINT usage_days_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin"];
