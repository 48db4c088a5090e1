//! An index of the memos in the trash, by the time since which they are there.

use sea_orm_migration::{prelude::*, sea_orm::DbErr};

use crate::table::{create_index, drop_index};

const INDEX: &str = "memos_deleted_at";

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000007_trash"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "memos", INDEX, "deleted_at, id", "WHERE deleted_at IS NOT NULL").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "memos", INDEX).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
