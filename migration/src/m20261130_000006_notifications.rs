//! The time zone of users, and the tokens by which a social provider lets this server send messages to a user.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::table::{add_column, drop_column};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000006_notifications"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bytes = match manager.get_database_backend() {
            DbBackend::Postgres => "bytea",
            _ => "blob",
        };
        add_column(manager, "users", "time_zone", "varchar(64) NOT NULL DEFAULT 'UTC'").await?;
        add_column(manager, "identities", "message_tokens", bytes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, "identities", "message_tokens").await?;
        drop_column(manager, "users", "time_zone").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
