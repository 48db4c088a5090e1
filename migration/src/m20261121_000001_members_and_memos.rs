//! Users, sessions and memos.
//!
//! * A time is a BIGINT of microseconds since the epoch: exact, and the same in every database, independently of its time
//!   types, their precision and time zones.
//! * A version is a BIGINT, since there is no 32-bit unsigned integer that all databases support.
//! * A column `…_key` has the form by which the column next to it is compared. Its length is the maximum of such a form.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect::{self, TableWithIndexes};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create(manager, tables(manager.get_database_backend())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["memo_tags", "memos", "refresh_tokens", "sessions", "users"];
        dialect::drop(manager, self.name(), "users", tables).await
    }
}

fn tables(backend: DbBackend) -> Vec<TableWithIndexes> {
    // Each index ends with the id, in the same direction: a page starts inside the index and needs no sorting.
    let by_owner_and = |name: &str, column: Memos| {
        let mut index = Index::create();
        index.name(name).table(Memos::Table).col(Memos::OwnerId).col(column).col(Memos::Id).take()
    };
    // `dialect::unique_rule` of the adapter recognizes this name in the drivers' errors.
    let by_email = Index::create().name("users_email_key").table(Users::Table).col(Users::EmailKey).unique().take();
    let by_user = Index::create().name("sessions_user_id").table(Sessions::Table).col(Sessions::UserId).take();
    let by_session = Index::create()
        .name("refresh_tokens_session_id")
        .table(RefreshTokens::Table)
        .col(RefreshTokens::SessionId)
        .take();
    let by_memo = Index::create().name("memo_tags_memo_id").table(MemoTags::Table).col(MemoTags::MemoId).take();
    let memo_orders = [
        by_owner_and("memos_owner_id_updated_at", Memos::UpdatedAt),
        by_owner_and("memos_owner_id_created_at", Memos::CreatedAt),
        by_owner_and("memos_owner_id_title_key", Memos::TitleKey),
    ];
    let compact = |mut table| dialect::compact(backend, &mut table);
    vec![
        TableWithIndexes::new(compact(users(backend)), [by_email]),
        TableWithIndexes::new(compact(sessions()), [by_user]),
        TableWithIndexes::new(compact(refresh_tokens()), [by_session]),
        // Not compact: with contents of up to 400 kB in its rows, a tree by id would be deep.
        TableWithIndexes {
            partial_indexes: vec![(public_memos(), "visibility = 1 AND deleted_at IS NULL")],
            ..TableWithIndexes::new(memos(backend), memo_orders)
        },
        TableWithIndexes::new(compact(memo_tags(backend)), [by_memo]),
    ]
}

fn users(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(Users::Table)
        .col(ColumnDef::new(Users::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Users::Email).string_len(254).not_null())
        .col(dialect::key(backend, Users::EmailKey, 508).not_null())
        .col(ColumnDef::new(Users::EmailVerified).boolean().not_null())
        .col(ColumnDef::new(Users::DisplayName).string_len(100).not_null())
        .col(ColumnDef::new(Users::Role).string_len(16).not_null())
        .col(ColumnDef::new(Users::Locale).string_len(16).not_null())
        .col(ColumnDef::new(Users::PasswordHash).text().null())
        .col(ColumnDef::new(Users::DisabledAt).big_integer().null())
        .col(ColumnDef::new(Users::Version).big_integer().not_null())
        .col(ColumnDef::new(Users::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Users::UpdatedAt).big_integer().not_null())
        .take()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table(Sessions::Table)
        .col(ColumnDef::new(Sessions::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Sessions::UserId).uuid().not_null())
        .col(ColumnDef::new(Sessions::Scopes).text().not_null())
        .col(ColumnDef::new(Sessions::Device).text().null())
        .col(ColumnDef::new(Sessions::Ip).text().null())
        .col(ColumnDef::new(Sessions::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::LastSeenAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(Sessions::EndedAt).big_integer().null())
        .foreign_key(
            ForeignKey::create()
                .name("sessions_user")
                .from(Sessions::Table, Sessions::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn refresh_tokens() -> TableCreateStatement {
    Table::create()
        .table(RefreshTokens::Table)
        .col(ColumnDef::new(RefreshTokens::Digest).binary_len(32).not_null().primary_key())
        .col(ColumnDef::new(RefreshTokens::SessionId).uuid().not_null())
        .col(ColumnDef::new(RefreshTokens::IssuedAt).big_integer().not_null())
        .col(ColumnDef::new(RefreshTokens::ExpiresAt).big_integer().not_null())
        .col(ColumnDef::new(RefreshTokens::UsedAt).big_integer().null())
        .foreign_key(
            ForeignKey::create()
                .name("refresh_tokens_session")
                .from(RefreshTokens::Table, RefreshTokens::SessionId)
                .to(Sessions::Table, Sessions::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn memos(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(Memos::Table)
        .col(ColumnDef::new(Memos::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Memos::OwnerId).uuid().not_null())
        .col(ColumnDef::new(Memos::Pinned).boolean().not_null())
        .col(ColumnDef::new(Memos::Archived).boolean().not_null())
        // 0 is private, 1 is public: a number, since the conditions of indexes contain it.
        .col(ColumnDef::new(Memos::Visibility).small_integer().not_null())
        .col(ColumnDef::new(Memos::RemindAt).big_integer().null())
        .col(ColumnDef::new(Memos::RemindedAt).big_integer().null())
        .col(ColumnDef::new(Memos::Version).big_integer().not_null())
        .col(ColumnDef::new(Memos::CreatedAt).big_integer().not_null())
        .col(ColumnDef::new(Memos::UpdatedAt).big_integer().not_null())
        .col(ColumnDef::new(Memos::DeletedAt).big_integer().null())
        .col(ColumnDef::new(Memos::Title).string_len(200).not_null())
        .col(dialect::key(backend, Memos::TitleKey, 600).not_null())
        // The tags in their order as a JSON array, so that a memo is read in one row.
        .col(ColumnDef::new(Memos::Tags).text().not_null())
        // The last column: SQLite has to read through a long text to reach the columns after it.
        .col(dialect::long_text(backend, Memos::Content).not_null())
        .foreign_key(
            ForeignKey::create()
                .name("memos_owner")
                .from(Memos::Table, Memos::OwnerId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

/// The index of memos by tag.
fn memo_tags(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(MemoTags::Table)
        .col(ColumnDef::new(MemoTags::OwnerId).uuid().not_null())
        .col(dialect::key(backend, MemoTags::TagKey, 100).not_null())
        .col(ColumnDef::new(MemoTags::MemoId).uuid().not_null())
        .primary_key(Index::create().col(MemoTags::OwnerId).col(MemoTags::TagKey).col(MemoTags::MemoId))
        .foreign_key(
            ForeignKey::create()
                .name("memo_tags_memo")
                .from(MemoTags::Table, MemoTags::MemoId)
                .to(Memos::Table, Memos::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn public_memos() -> IndexCreateStatement {
    Index::create()
        .name("memos_public_updated_at")
        .table(Memos::Table)
        .col(Memos::Visibility)
        .col(Memos::UpdatedAt)
        .col(Memos::Id)
        .take()
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Email,
    EmailKey,
    EmailVerified,
    DisplayName,
    Role,
    Locale,
    PasswordHash,
    DisabledAt,
    Version,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    Scopes,
    Device,
    Ip,
    CreatedAt,
    LastSeenAt,
    ExpiresAt,
    EndedAt,
}

#[derive(DeriveIden)]
enum RefreshTokens {
    Table,
    Digest,
    SessionId,
    IssuedAt,
    ExpiresAt,
    UsedAt,
}

#[derive(DeriveIden)]
enum Memos {
    Table,
    Id,
    OwnerId,
    Pinned,
    Archived,
    Visibility,
    RemindAt,
    RemindedAt,
    Version,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    Title,
    TitleKey,
    Tags,
    Content,
}

#[derive(DeriveIden)]
enum MemoTags {
    Table,
    OwnerId,
    TagKey,
    MemoId,
}
