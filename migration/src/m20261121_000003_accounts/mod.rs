//! What belongs to an account: social identities, a second factor, one-time tokens, queued mail, the audit log; the columns
//! of cookie sessions; and the key by which users are searched.
//!
//! * All rows are removed with their user. `audit_events.actor_id` has no foreign key: the event stays when the actor is
//!   removed.
//! * Recovery codes reference the second factor, so that they are removed with it.
//! * `users.display_name_key` is empty until the adapter backfills it.
//!
//! The databases have little of this in common, so each has a file of its own.

mod mysql;
mod postgres;
mod sqlite;

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        crate::ACCOUNTS
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Sqlite => run(manager, sqlite::UP).await,
            DbBackend::Postgres => run(manager, postgres::UP).await,
            _ => {
                run(manager, mysql::UP).await?;
                for change in mysql::CHANGES {
                    if !change.is_applied(manager).await? {
                        run(manager, &[change.up]).await?;
                    }
                }
                Ok(())
            }
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Sqlite => run(manager, sqlite::DOWN).await,
            DbBackend::Postgres => run(manager, postgres::DOWN).await,
            _ => {
                dialect::forget(manager, self.name()).await?;
                run(manager, mysql::DOWN).await?;
                for change in mysql::CHANGES {
                    if change.is_applied(manager).await? {
                        run(manager, &[change.down]).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl mysql::Change {
    /// Whether the change is applied: it is one statement, so one of its columns tells.
    async fn is_applied(&self, manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
        manager.has_column(self.table, self.column).await
    }
}

/// Whether it was applied or reverted only in part: on MySQL, which commits each statement by itself.
pub async fn has_remains(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    if manager.get_database_backend() != DbBackend::MySql {
        return Ok(false);
    }
    for table in mysql::TABLES {
        if manager.has_table(table).await? {
            return Ok(true);
        }
    }
    for change in mysql::CHANGES {
        if change.is_applied(manager).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
