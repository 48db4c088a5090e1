//! The memos whose entries in the full-text index of SQLite are to be written. The numbers are never used again: the process
//! that writes them keeps them, while others may remove the rows.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261202_000016_index_backlog"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, if manager.get_database_backend() == DbBackend::Sqlite { SQLITE } else { &[] }).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &["DROP TABLE IF EXISTS index_backlog"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const SQLITE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS index_backlog (
        entry INTEGER PRIMARY KEY AUTOINCREMENT,
        number INTEGER NOT NULL REFERENCES memos (number) ON DELETE CASCADE
    )",
    "CREATE INDEX IF NOT EXISTS index_backlog_number ON index_backlog (number)",
];
