//! The queue of jobs, in place of that of mail. Mail that was waiting is dropped with its table.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect::{self, TableWithIndexes};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        crate::JOBS
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create(manager, vec![jobs(manager.get_database_backend())]).await?;
        manager.drop_table(Table::drop().table("outbox").if_exists().take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::forget(manager, self.name()).await?;
        dialect::create(manager, vec![outbox(manager.get_database_backend())]).await?;
        manager.drop_table(Table::drop().table("jobs").if_exists().take()).await
    }
}

/// Whether it was applied or reverted only in part: on MySQL, which commits each statement by itself.
pub async fn has_remains(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    Ok(manager.get_database_backend() == DbBackend::MySql && manager.has_table("jobs").await?)
}

fn jobs(backend: DbBackend) -> TableWithIndexes {
    let table = Table::create()
        .table("jobs")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("owner_id").uuid().null())
        .col(ColumnDef::new("kind").string_len(64).not_null())
        .col(ColumnDef::new("label").string_len(64).not_null())
        .col(ColumnDef::new("state").string_len(16).not_null())
        .col(ColumnDef::new("attempts").big_integer().not_null())
        .col(ColumnDef::new("begun").big_integer().not_null())
        .col(ColumnDef::new("run_at").big_integer().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("error").text().null())
        .col(dialect::bytes(backend, "payload").not_null())
        .foreign_key(&mut owned_by("jobs_owner", "jobs", "owner_id"))
        .take();
    let indexes = [
        index("jobs_owner_id", "jobs", &["owner_id"]),
        index("jobs_run_at", "jobs", &["state", "run_at", "id"]),
        index("jobs_kind", "jobs", &["state", "kind", "id"]),
    ];
    TableWithIndexes::new(table, indexes)
}

/// As the migrations before this one make it.
fn outbox(backend: DbBackend) -> TableWithIndexes {
    let table = Table::create()
        .table("outbox")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ColumnDef::new("kind").string_len(64).not_null())
        .col(ColumnDef::new("state").string_len(16).not_null())
        .col(ColumnDef::new("tries").big_integer().not_null())
        .col(ColumnDef::new("due_at").big_integer().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("error").text().null())
        .col(dialect::bytes(backend, "content").not_null())
        .col(ColumnDef::new("begun").big_integer().not_null().default(0))
        .foreign_key(&mut owned_by("outbox_user", "outbox", "user_id"))
        .take();
    let indexes = [
        index("outbox_user_id", "outbox", &["user_id"]),
        index("outbox_due_at", "outbox", &["state", "due_at", "id"]),
        index("outbox_id", "outbox", &["state", "id"]),
    ];
    TableWithIndexes::new(table, indexes)
}

fn owned_by(name: &'static str, table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, column).to("users", "id").on_delete(ForeignKeyAction::Cascade).take()
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for &column in columns {
        index.col(column);
    }
    index
}
