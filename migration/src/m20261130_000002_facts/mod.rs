//! What the content of a memo says, next to it.
//!
//! A memo that was written before has no snippet: it gets one when its text is written again.

use sea_orm_migration::prelude::*;

use crate::{add_column, drop_column};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000002_facts"
    }
}

/// The new columns of `memos`, and their types.
const COLUMNS: [(&str, &str); 3] = [
    ("snippet", "varchar(200)"),
    ("has_tasks", "boolean NOT NULL DEFAULT FALSE"),
    ("open_tasks", "bigint NOT NULL DEFAULT 0"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, definition) in COLUMNS {
            add_column(manager, "memos", column, definition).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, _) in COLUMNS {
            drop_column(manager, "memos", column).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
