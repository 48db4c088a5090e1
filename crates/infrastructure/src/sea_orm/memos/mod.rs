//! The repository of memos.

#[cfg(test)]
mod plans;
mod query;
mod row;

use async_trait::async_trait;
use memo_domain::{
    Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView, Page, PageRequest, StoreError, Version,
};
use sea_orm::{
    ActiveValue::NotSet,
    ColumnTrait, EntityTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, Query},
};

use super::{
    entity::{
        memo::{ActiveModel, Column, Entity},
        memo_tag,
    },
    unit_of_work::SeaOrmUnitOfWork,
    values::changed,
};
pub use query::Lookup;
use row::{MemoRow, to_row};

#[async_trait]
impl MemoRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError> {
        self.find_one::<MemoRow>(self.memo_lookup.of(id)).await?.map(MemoRow::into_view).transpose()
    }

    async fn list(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError> {
        let rows = self.find_all::<MemoRow>(query::list(filter, sort, page)?.build(self.backend)).await?;
        let views = rows.into_iter().map(MemoRow::into_view).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(views, page.limit, |view| sort.cursor(view)))
    }

    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError> {
        let row = self.find_one::<query::Count>(query::count(filter).build(self.backend)).await?;
        u64::try_from(row.map_or(0, |row| row.count)).map_err(StoreError::corrupt)
    }

    async fn insert(&mut self, memo: &Memo) -> Result<(), StoreError> {
        self.execute(Entity::insert(to_row(memo)?).build(self.backend)).await?;
        self.insert_tags(memo, || Expr::value(memo.owner_id.as_uuid())).await
    }

    async fn update(&mut self, memo: &Memo, from: Version) -> Result<(), StoreError> {
        let row = ActiveModel { id: NotSet, owner_id: NotSet, created_at: NotSet, ..to_row(memo)? };
        let statement = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(memo.id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        changed(self.execute(statement).await?)?;
        let old = memo_tag::Entity::delete_many().filter(memo_tag::Column::MemoId.eq(memo.id.as_uuid()));
        self.execute(old.build(self.backend)).await?;
        // The owner stays the one that is kept, whatever this memo says.
        self.insert_tags(memo, || Expr::SubQuery(None, Box::new(query::owner(memo.id).into()))).await
    }

    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        changed(self.execute(statement).await?)
    }
}

impl SeaOrmUnitOfWork {
    async fn insert_tags(&self, memo: &Memo, owner: impl Fn() -> Expr) -> Result<(), StoreError> {
        let mut insert = Query::insert();
        insert.into_table(memo_tag::Entity).columns([
            memo_tag::Column::OwnerId,
            memo_tag::Column::TagKey,
            memo_tag::Column::MemoId,
        ]);
        let mut any = false;
        for tag in &memo.state.tags {
            insert.values_panic([owner(), Expr::value(tag.key()), Expr::value(memo.id.as_uuid())]);
            any = true;
        }
        if any { self.execute(self.backend.build(&insert)).await.map(drop) } else { Ok(()) }
    }
}
