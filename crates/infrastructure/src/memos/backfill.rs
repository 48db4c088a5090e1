//! Adds memos of a version without full-text search to the index, and completes their rows in `memo_tags`.

use memo_domain::{Content, SearchText, Title, UserId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, prelude::Uuid,
};

use super::{row, tags};
use crate::{
    dialect,
    entity::memo::{Column, Entity},
};

/// The number of memos in memory at a time.
const CHUNK: u64 = 100;

#[derive(FromQueryResult)]
struct StoredMemo {
    id: Uuid,
    owner_id: Uuid,
    title: String,
    tags: String,
    deleted_at: Option<i64>,
    content: String,
}

/// Whether memos are missing in the index: on MySQL, which commits each step of a migration, a process may have been
/// interrupted while it indexed them.
pub async fn is_index_incomplete(transaction: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let Some(is_missing) = dialect::is_not_indexed(transaction.get_database_backend()) else { return Ok(false) };
    let missing = Entity::find().select_only().column(Column::Id).filter(is_missing).limit(1);
    Ok(missing.into_tuple::<Uuid>().one(transaction).await?.is_some())
}

/// Indexes all memos that are not in the index yet.
pub async fn index_all(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    let unreadable = |error: memo_domain::InvalidValue| DbErr::Type(error.to_string());
    let backend = transaction.get_database_backend();
    let mut last = None;
    loop {
        let select = Entity::find()
            .select_only()
            .columns([Column::Id, Column::OwnerId, Column::Title, Column::Tags, Column::DeletedAt, Column::Content])
            .filter(last.map_or_else(|| Column::Id.is_not_null(), |last: Uuid| Column::Id.gt(last)))
            .apply_if(dialect::is_not_indexed(backend), QueryFilter::filter)
            .order_by_asc(Column::Id)
            .limit(CHUNK);
        let memos = select.into_model::<StoredMemo>().all(transaction).await?;
        let Some(end) = memos.last() else { return Ok(()) };
        last = Some(end.id);
        for StoredMemo { id, owner_id, title, tags, deleted_at, content } in memos {
            // Before the index: a memo that is in the index counts as completed.
            for tag in &row::tags(&tags).map_err(|error| DbErr::Type(error.to_string()))? {
                transaction.execute_raw(tags::complete(id, tag, deleted_at.is_some(), backend)).await?;
            }
            let title = Title::new(title).map_err(unreadable)?;
            let content = Content::new(content).map_err(unreadable)?;
            let text = SearchText::of(&title, &content);
            if let Some(statement) = dialect::insert_text(backend, id, &text) {
                transaction.execute_raw(statement).await?;
            }
            transaction.execute_raw(dialect::index_memo(backend, id, UserId::new(owner_id), &text)).await?;
        }
    }
}
