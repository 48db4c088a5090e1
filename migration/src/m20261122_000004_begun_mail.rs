//! How many attempts to send a mail were begun of which nobody knows how they ended.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

const TABLE: &str = "outbox";
const COLUMN: &str = "begun";

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        crate::BEGUN_MAIL
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column(TABLE, COLUMN).await? {
            // Nodes of before write no such value while they run beside newer ones.
            let statement = "ALTER TABLE outbox ADD COLUMN begun bigint NOT NULL DEFAULT 0";
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::forget(manager, self.name()).await?;
        if manager.has_column(TABLE, COLUMN).await? {
            manager.get_connection().execute_unprepared("ALTER TABLE outbox DROP COLUMN begun").await?;
        }
        Ok(())
    }
}

/// Whether it was taken back, or applied, only halfway: on MySQL, where each step is kept at once.
pub async fn has_remains(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    Ok(manager.get_database_backend() == DbBackend::MySql && manager.has_column(TABLE, COLUMN).await?)
}
