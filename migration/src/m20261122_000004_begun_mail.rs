//! The number of attempts to send a mail that were begun without a known result.

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
            // A default, since older nodes do not write this column while they run next to newer ones.
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

/// Whether it was applied or reverted only in part: on MySQL, which commits each statement by itself.
pub async fn has_remains(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    Ok(manager.get_database_backend() == DbBackend::MySql && manager.has_column(TABLE, COLUMN).await?)
}
