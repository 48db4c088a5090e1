//! The schema of memo, as migrations that are applied in order.
//!
//! A migration writes out the names of tables and columns and knows no entity: entities change, a migration stays as it
//! was when it was applied.

mod dialect;
mod m20261121_000001_members_and_memos;
mod m20261121_000002_search_and_changes;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

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
