//! Enters the memos of a version without full-text search, and completes the table of their tags.

use memo_domain::{Content, Title, UserId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, prelude::Uuid,
};

use super::{row, tags};
use crate::{
    dialect,
    entity::memo::{Column, Entity},
};

/// How many memos are held in memory at once.
const CHUNK: u64 = 100;

#[derive(FromQueryResult)]
struct Kept {
    id: Uuid,
    owner_id: Uuid,
    title: String,
    tags: String,
    deleted_at: Option<i64>,
    content: String,
}

/// Whether memos are missing in the index: a process may have ended while it entered them, where the database keeps each
/// step of a migration at once.
pub async fn lacks_some(transaction: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let Some(is_missing) = dialect::is_not_entered(transaction.get_database_backend()) else { return Ok(false) };
    let missing = Entity::find().select_only().column(Column::Id).filter(is_missing).limit(1);
    Ok(missing.into_tuple::<Uuid>().one(transaction).await?.is_some())
}

/// Enters all memos that are not in the index.
pub async fn enter_all(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    let unreadable = |error: memo_domain::InvalidValue| DbErr::Type(error.to_string());
    let backend = transaction.get_database_backend();
    let mut last = None;
    loop {
        let select = Entity::find()
            .select_only()
            .columns([Column::Id, Column::OwnerId, Column::Title, Column::Tags, Column::DeletedAt, Column::Content])
            .filter(last.map_or_else(|| Column::Id.is_not_null(), |last: Uuid| Column::Id.gt(last)))
            .apply_if(dialect::is_not_entered(backend), QueryFilter::filter)
            .order_by_asc(Column::Id)
            .limit(CHUNK);
        let memos = select.into_model::<Kept>().all(transaction).await?;
        let Some(end) = memos.last() else { return Ok(()) };
        last = Some(end.id);
        for Kept { id, owner_id, title, tags, deleted_at, content } in memos {
            // Before the index, by which a memo counts as entered.
            for tag in &row::tags(&tags).map_err(|error| DbErr::Type(error.to_string()))? {
                transaction.execute_raw(tags::complete(id, tag, deleted_at.is_some(), backend)).await?;
            }
            let title = Title::new(title).map_err(unreadable)?;
            let content = Content::new(content).map_err(unreadable)?;
            transaction.execute_raw(dialect::enter(backend, id, UserId::new(owner_id), &title, &content)).await?;
        }
    }
}
