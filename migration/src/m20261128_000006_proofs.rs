//! Whether an account was ever proved by an address, and when a session was last proved by a password.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

/// Each column with its table and its definition. A default, since older nodes do not write these columns while they run next
/// to newer ones.
const COLUMNS: [(&str, &str, &str); 2] =
    [("users", "earlier_email_verified", "boolean NOT NULL DEFAULT FALSE"), ("sessions", "proved_at", "bigint")];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        crate::PROOFS
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, definition) in COLUMNS {
            if !manager.has_column(table, column).await? {
                let statement = format!("ALTER TABLE {table} ADD COLUMN {column} {definition}");
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::forget(manager, self.name()).await?;
        for (table, column, _) in COLUMNS {
            if manager.has_column(table, column).await? {
                let statement = format!("ALTER TABLE {table} DROP COLUMN {column}");
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }
}

/// Whether it was applied or reverted only in part: on MySQL, which commits each statement by itself.
pub async fn has_remains(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    if manager.get_database_backend() != DbBackend::MySql {
        return Ok(false);
    }
    for (table, column, _) in COLUMNS {
        if manager.has_column(table, column).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
