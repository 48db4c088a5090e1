//! What an account has beside its owner: social identities, a second factor, tokens used once, mail that waits, the audit
//! log; what a sign-in by a browser has; and what members are looked for by.
//!
//! * All of it goes with its member. The one who did something to another's account is named only: the event stays when they
//!   go.
//! * A recovery code belongs to the factor, so that the codes go with it.
//! * `users.display_name_key` is empty where the adapter has not filled it in yet.
//!
//! The three databases have too little of this in common to say it once.

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
                    if !change.is_made(manager).await? {
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
                    if change.is_made(manager).await? {
                        run(manager, &[change.down]).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl mysql::Change {
    /// It is one statement, and so one that is done or not.
    async fn is_made(&self, manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
        manager.has_column(self.table, self.column).await
    }
}

/// Whether it was taken back, or applied, only halfway: on MySQL, where each step is kept at once.
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
        if change.is_made(manager).await? {
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
