//! Full-text search, the change feed, and an index for each kind of list.
//!
//! * `memo_grams` is what full-text search looks up: for each memo its pairs of neighbouring characters, made by the
//!   adapter, in the kind of index that each database has for many keys of one row.
//! * `change_feeds` has the last number of each member. Whoever appends to `changes` holds its row until the transaction
//!   ends: so the order of the numbers is the order of the commits.
//! * `memo_tags` gets what a list of a member's tags shows and counts by: how a memo spells the tag, and whether the memo is in
//!   the trash. So that list is read from this table alone.
//! * The indexes of memos hold one kind of list each (in use, archived, in the trash, pinned, public), in its order, so that
//!   a page touches the rows that it shows. An index that is partial serves only statements that spell its condition out.
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
        crate::SEARCH
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
                if !manager.has_column("memo_tags", mysql::NEW_COLUMN).await? {
                    run(manager, mysql::TAGS_UP).await?;
                }
                // One statement, and so one that is done or not: a process that ends between it and the next one repeats all.
                if manager.has_index("memos", mysql::NEW_INDEX).await? {
                    return Ok(());
                }
                run(manager, mysql::INDEXES_UP).await
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
                if manager.has_column("memo_tags", mysql::NEW_COLUMN).await? {
                    run(manager, mysql::TAGS_DOWN).await?;
                }
                if manager.has_index("memos", mysql::NEW_INDEX).await? {
                    run(manager, mysql::INDEXES_DOWN).await?;
                }
                Ok(())
            }
        }
    }
}

/// Whether it was taken back, or applied, only halfway: on MySQL, where each step is kept at once.
pub async fn has_remains(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    if manager.get_database_backend() != DbBackend::MySql {
        return Ok(false);
    }
    for table in ["memo_grams", "changes", "change_feeds"] {
        if manager.has_table(table).await? {
            return Ok(true);
        }
    }
    if manager.has_table("memo_tags").await? && manager.has_column("memo_tags", mysql::NEW_COLUMN).await? {
        return Ok(true);
    }
    Ok(manager.has_table("memos").await? && manager.has_index("memos", mysql::NEW_INDEX).await?)
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
