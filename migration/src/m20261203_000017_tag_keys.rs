//! Longer keys of tags: folding makes three characters of some, such as `ﬃ`. Other databases than PostgreSQL have room for them.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261203_000017_tag_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, if manager.get_database_backend() == DbBackend::Postgres { POSTGRES } else { &[] }).await
    }

    /// Keeps the length: a key may need it.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// PostgreSQL rewrites neither the table nor its indexes for it.
const POSTGRES: &[&str] = &["ALTER TABLE memo_tags ALTER COLUMN tag_key TYPE varchar(150) COLLATE \"C\""];
