//! The schema of memo, as migrations that are applied in order.
//!
//! A migration writes out the names of tables and columns and knows no entity: entities change, a migration stays as it
//! was when it was applied.

mod dialect;
mod m20261121_000001_members_and_memos;
mod m20261121_000002_search_and_changes;

use m20261121_000002_search_and_changes as search;
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DatabaseTransaction, DbErr},
};

/// The migration that brings full-text search; what is kept before it has to be entered into the index.
pub const SEARCH: &str = "m20261121_000002_search_and_changes";

/// All migrations, the oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_members_and_memos::Migration),
            Box::new(m20261121_000002_search_and_changes::Migration),
        ]
    }
}

/// Ends what a process that was stopped has left halfway of the latest migration, by taking it back. Whether there was any.
///
/// # Errors
/// Where a step fails.
pub async fn take_back_remains(transaction: &DatabaseTransaction) -> Result<bool, DbErr> {
    let pending = Migrator::get_pending_migrations(transaction).await?;
    let manager = SchemaManager::new(transaction);
    if pending.iter().all(|migration| migration.name() != SEARCH) || !search::has_remains(&manager).await? {
        return Ok(false);
    }
    search::Migration.down(&manager).await?;
    Ok(true)
}
