//! The schema of memo, as migrations that are applied in order.
//!
//! A migration writes out the names of tables and columns and knows no entity: entities change, a migration stays as it
//! was when it was applied.

mod dialect;
mod m20261121_000001_members_and_memos;
mod m20261121_000002_search_and_changes;
mod m20261121_000003_accounts;
mod m20261122_000004_begun_mail;

use m20261121_000002_search_and_changes as search;
use m20261121_000003_accounts as accounts;
use m20261122_000004_begun_mail as begun_mail;
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DatabaseTransaction, DbErr},
};

/// The migration that brings full-text search; what is kept before it has to be entered into the index.
pub const SEARCH: &str = "m20261121_000002_search_and_changes";

const ACCOUNTS: &str = "m20261121_000003_accounts";
const BEGUN_MAIL: &str = "m20261122_000004_begun_mail";

/// All migrations, the oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_members_and_memos::Migration),
            Box::new(m20261121_000002_search_and_changes::Migration),
            Box::new(m20261121_000003_accounts::Migration),
            Box::new(m20261122_000004_begun_mail::Migration),
        ]
    }
}

/// Ends what a process that was stopped has left halfway of the latest migration, by taking it back. Whether there was any.
///
/// # Errors
/// Where a step fails.
pub async fn revert_interrupted(transaction: &DatabaseTransaction) -> Result<bool, DbErr> {
    let pending = Migrator::get_pending_migrations(transaction).await?;
    let is_pending = |name| pending.iter().any(|migration| migration.name() == name);
    let manager = SchemaManager::new(transaction);
    // One of them at most: no migration is begun before the ones before it are applied, or those behind it taken back.
    if is_pending(BEGUN_MAIL) && begun_mail::has_remains(&manager).await? {
        begun_mail::Migration.down(&manager).await?;
    } else if is_pending(ACCOUNTS) && accounts::has_remains(&manager).await? {
        accounts::Migration.down(&manager).await?;
    } else if is_pending(SEARCH) && search::has_remains(&manager).await? {
        search::Migration.down(&manager).await?;
    } else {
        return Ok(false);
    }
    Ok(true)
}
