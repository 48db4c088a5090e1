//! The schema of memo, as a list of migrations.
//!
//! A migration is frozen once it is released, and spells out the names of tables and columns: entities change later, but a
//! migration must stay what it was when it was applied. Each of its steps is one idempotent DDL statement: a migration that was
//! interrupted runs again from its beginning, and on a server no transaction holds its steps together.

mod m20261129_000001_initial;
mod m20261130_000002_facts;
mod m20261130_000004_likes;
mod m20261130_000005_shares;
mod m20261130_000006_notifications;
mod m20261130_000007_trash;
mod m20261130_000009_api_keys;
mod m20261130_000011_idempotency;
mod m20261201_000012_usage;
mod m20261201_000013_revisions;
mod m20261201_000015_webhooks;
mod m20261202_000016_index_backlog;
mod m20261203_000017_tag_keys;
mod table;

use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, sea_orm::ConnectionTrait, sea_orm::DbErr};

/// All migrations, oldest first. Their names are sorted: a later version appends to them.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261129_000001_initial::Migration),
            Box::new(m20261130_000002_facts::Migration),
            Box::new(m20261130_000004_likes::Migration),
            Box::new(m20261130_000005_shares::Migration),
            Box::new(m20261130_000006_notifications::Migration),
            Box::new(m20261130_000007_trash::Migration),
            Box::new(m20261130_000009_api_keys::Migration),
            Box::new(m20261130_000011_idempotency::Migration),
            Box::new(m20261201_000012_usage::Migration),
            Box::new(m20261201_000013_revisions::Migration),
            Box::new(m20261201_000015_webhooks::Migration),
            Box::new(m20261202_000016_index_backlog::Migration),
            Box::new(m20261203_000017_tag_keys::Migration),
        ]
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
