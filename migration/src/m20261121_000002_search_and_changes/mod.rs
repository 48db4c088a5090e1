//! Full-text search, the change feed, and an index for each kind of list.
//!
//! * `memo_grams` is the full-text index: the bigrams of each memo, computed by the adapter, in the kind of index that each
//!   database has for many keys of one row. Next to it is the form of the memo's texts that a search compares if the bigrams do
//!   not decide: in SQLite, whose index keeps no other columns, in the table `memo_texts`.
//! * `change_feeds` has the number of each user's last change. A transaction that appends to `changes` locks its row until it
//!   ends, so the order of the numbers is the order of the commits.
//! * `memo_tags` gets the columns that the list of a user's tags needs: the spelling of the tag, and whether the memo is in the
//!   trash. The list is then read from this table alone.
//! * Each index of memos serves one kind of list (active, archived, trashed, pinned, public) in its order, so that a page
//!   reads only the rows that it shows. A partial index is used only by statements that contain its condition.
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
                // The indexes are changed by one statement, which is applied as a whole: if the last step was interrupted after
                // it, it must not run again.
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

/// Whether it was applied or reverted only in part: on MySQL, which commits each statement by itself.
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
