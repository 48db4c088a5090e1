//! The schema of memo, as a list of migrations.
//!
//! A migration spells out the names of tables and columns instead of using entities: entities change later, but a migration
//! must stay what it was when it was applied.

mod dialect;
mod m20261121_000001_members_and_memos;
mod m20261121_000002_search_and_changes;
mod m20261121_000003_accounts;
mod m20261122_000004_begun_mail;
mod m20261127_000005_jobs;
mod m20261128_000006_proofs;

use m20261121_000002_search_and_changes as search;
use m20261121_000003_accounts as accounts;
use m20261122_000004_begun_mail as begun_mail;
use m20261127_000005_jobs as jobs;
use m20261128_000006_proofs as proofs;
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DatabaseTransaction, DbErr},
};

/// The migration that adds full-text search. After it, the memos of older versions must be added to the index.
pub const SEARCH: &str = "m20261121_000002_search_and_changes";

const ACCOUNTS: &str = "m20261121_000003_accounts";
const BEGUN_MAIL: &str = "m20261122_000004_begun_mail";
const JOBS: &str = "m20261127_000005_jobs";
const PROOFS: &str = "m20261128_000006_proofs";

/// All migrations, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_members_and_memos::Migration),
            Box::new(m20261121_000002_search_and_changes::Migration),
            Box::new(m20261121_000003_accounts::Migration),
            Box::new(m20261122_000004_begun_mail::Migration),
            Box::new(jobs::Migration),
            Box::new(proofs::Migration),
        ]
    }
}

/// Reverts a migration that an interrupted process has applied or reverted only in part. Returns whether there was one.
///
/// # Errors
/// If a step fails.
pub async fn revert_interrupted(transaction: &DatabaseTransaction) -> Result<bool, DbErr> {
    let pending = Migrator::get_pending_migrations(transaction).await?;
    let is_pending = |name| pending.iter().any(|migration| migration.name() == name);
    let manager = SchemaManager::new(transaction);
    // There is at most one: a migration is begun only after all older ones are applied, or all newer ones reverted.
    if is_pending(PROOFS) && proofs::has_remains(&manager).await? {
        proofs::Migration.down(&manager).await?;
    } else if is_pending(JOBS) && jobs::has_remains(&manager).await? {
        jobs::Migration.down(&manager).await?;
    } else if is_pending(BEGUN_MAIL) && begun_mail::has_remains(&manager).await? {
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
