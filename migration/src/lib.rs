//! The schema of memo, as migrations that are applied in order.
//!
//! A migration writes out the names of tables and columns and knows no entity: entities change, a migration stays as it
//! was when it was applied.

mod dialect;
mod m20261121_000001_members_and_memos;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All migrations, the oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261121_000001_members_and_memos::Migration)]
    }
}
