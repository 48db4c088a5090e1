//! Enters the memos of a version without full-text search.

use memo_domain::{Content, Title, UserId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
};

use crate::sea_orm::{
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
    content: String,
}

/// Enters all memos into an index that has none.
pub async fn enter_all(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    let unreadable = |error: memo_domain::InvalidValue| DbErr::Type(error.to_string());
    let backend = transaction.get_database_backend();
    let mut last = None;
    loop {
        let select = Entity::find()
            .select_only()
            .columns([Column::Id, Column::OwnerId, Column::Title, Column::Content])
            .filter(last.map_or_else(|| Column::Id.is_not_null(), |last: Uuid| Column::Id.gt(last)))
            .order_by_asc(Column::Id)
            .limit(CHUNK);
        let memos = select.into_model::<Kept>().all(transaction).await?;
        let Some(end) = memos.last() else { return Ok(()) };
        last = Some(end.id);
        for Kept { id, owner_id, title, content } in memos {
            let title = Title::new(title).map_err(unreadable)?;
            let content = Content::new(content).map_err(unreadable)?;
            transaction.execute_raw(dialect::enter(backend, id, UserId::new(owner_id), &title, &content)).await?;
        }
    }
}
