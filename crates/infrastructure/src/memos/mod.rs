//! The repository of memos.

mod links;
mod plan;
#[cfg(test)]
mod plans;
mod query;
mod row;
mod search;
mod tags;

pub use row::{memo, tags, tags_text};

use async_trait::async_trait;
use memo_domain::{
    DisplayName, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoScope, MemoSort, MemoView, Page,
    PageRequest, SearchText, SortField, StoreError, Tag, TagCount, Timestamp, UserId, Version,
};
use sea_orm::{
    ActiveValue::NotSet, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use super::{
    connect::Cost,
    dialect,
    unit_of_work::{Key, SeaOrmUnitOfWork},
};
pub use query::prepare;
use row::{
    MemoRow,
    memo::{ActiveModel, Column, Entity},
    to_row,
};
use tags::memo_tag;

#[async_trait]
impl MemoRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError> {
        let statement = if self.locks_rows() { self.prepared.locking_lookup(id) } else { self.prepared.lookup(id) };
        self.find_one::<MemoRow>(statement).await?.map(MemoRow::into_view).transpose()
    }

    async fn lookup_all(&mut self, ids: &[MemoId]) -> Result<Vec<MemoView>, StoreError> {
        let select = query::lookup_all(ids, self.locks_rows());
        let rows = self.find_all::<MemoRow>(select.build(self.backend)).await?;
        rows.into_iter().map(MemoRow::into_view).collect()
    }

    async fn list(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError> {
        let rows = match sort.field {
            SortField::Relevance => self.most_relevant(filter, sort, page).await?,
            _ => self.in_order(filter, sort, page).await?,
        };
        let cursor = |(view, score): &(MemoView, u32)| sort.cursor(&view.memo, *score);
        let Page { items, next } = Page::from_overfetched(rows, page.limit, cursor);
        Ok(Page { items: items.into_iter().map(|(view, _)| view).collect(), next })
    }

    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError> {
        let plan = self.plan(filter, SortField::Relevance).await?;
        let count = query::count(filter, &plan, self.backend).build(self.backend);
        let cost = if filter.search.is_some() { Cost::Search } else { Cost::Large };
        match filter.scope {
            MemoScope::Mine => self.count_own(filter.viewer, count, cost).await,
            MemoScope::Public | MemoScope::Liked => self.count_with(count, cost).await,
        }
    }

    async fn list_tags(&mut self, owner: UserId, after: Option<&Tag>, limit: u32) -> Result<Vec<TagCount>, StoreError> {
        self.join_tags(owner, tags::page(owner, after, limit)).await
    }

    async fn count_tags(&mut self, owner: UserId) -> Result<u64, StoreError> {
        self.count_own(owner, dialect::count_distinct_tags(self.backend, owner), Cost::Small).await
    }

    async fn has_tags(&mut self, owner: UserId, tags: &[Tag]) -> Result<bool, StoreError> {
        let count = self.count_with(tags::count_present(owner, tags, self.backend), Cost::Small).await?;
        Ok(count >= tags.len() as u64)
    }

    async fn find_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Option<TagCount>, StoreError> {
        let spellings = tags::spellings(owner).filter(memo_tag::Column::TagKey.eq(tag.key()));
        Ok(self.join_tags(owner, spellings).await?.pop())
    }

    async fn find_by_tag(
        &mut self,
        owner: UserId,
        tag: &Tag,
        after: Option<MemoId>,
        limit: u32,
    ) -> Result<Vec<MemoId>, StoreError> {
        let select = tags::tagged(owner, tag, after).limit(u64::from(limit));
        let rows = self.find_all::<tags::Tagged>(select.build(self.backend)).await?;
        Ok(rows.into_iter().map(|row| MemoId::new(row.memo_id)).collect())
    }

    async fn list_trashed(&mut self, before: Timestamp, limit: u32) -> Result<Vec<MemoId>, StoreError> {
        let select = Entity::find()
            .select_only()
            .column(Column::Id)
            // The condition of the partial index.
            .filter(Column::DeletedAt.is_not_null())
            .filter(Column::DeletedAt.lt(before.as_micros()))
            .order_by_asc(Column::DeletedAt)
            .order_by_asc(Column::Id)
            .limit(u64::from(limit));
        let rows = self.find_all::<Key>(select.build(self.backend)).await?;
        Ok(rows.into_iter().map(|row| MemoId::new(row.id)).collect())
    }

    async fn insert(&mut self, memo: &Memo, text: &SearchText) -> Result<MemoView, StoreError> {
        let mut statements = vec![self.prepared.insert(to_row(memo)?)];
        statements.extend(tags::insert([memo], self.backend));
        self.execute_all(statements).await?;
        let index = dialect::index_memo(self.backend, memo.id.as_uuid(), memo.owner_id, text);
        self.update_index(memo.id, index).await?;
        let owner = self.find_one::<query::Owner>(self.prepared.owner_name(memo.owner_id)).await?;
        let owner = owner.ok_or_else(|| StoreError::corrupt("a memo without its owner"))?;
        let owner_name = DisplayName::new(owner.display_name).map_err(StoreError::corrupt)?;
        Ok(MemoView { memo: memo.clone(), owner_name, like_count: 0, liked: false })
    }

    async fn insert_all(&mut self, memos: &[(&Memo, &SearchText)]) -> Result<(), StoreError> {
        for memos in dialect::of_one_statement(self.backend, memos) {
            let rows = memos.iter().map(|(memo, _)| to_row(memo)).collect::<Result<Vec<_>, _>>()?;
            let mut statements = vec![Entity::insert_many(rows).build(self.backend)];
            statements.extend(tags::insert(memos.iter().map(|(memo, _)| *memo), self.backend));
            statements.extend(dialect::index_memos(self.backend, memos));
            self.execute_all(statements).await?;
        }
        Ok(())
    }

    async fn update(&mut self, memo: &Memo, from: Version, text: Option<&SearchText>) -> Result<(), StoreError> {
        if let Some(text) = text {
            let index = dialect::reindex_memo(self.backend, memo.id.as_uuid(), memo.owner_id, text);
            self.update_index(memo.id, index).await?;
        }
        let mut row =
            ActiveModel { id: NotSet, owner_id: NotSet, created_at: NotSet, like_count: NotSet, ..to_row(memo)? };
        if text.is_none() {
            // Servers would write them again.
            (row.title, row.title_key, row.content) = (NotSet, NotSet, NotSet);
        }
        let statement = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(memo.id.as_uuid()))
            .filter(Column::OwnerId.eq(memo.owner_id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        self.execute_versioned(statement).await?;
        let old = memo_tag::Entity::delete_many().filter(memo_tag::Column::MemoId.eq(memo.id.as_uuid()));
        let mut statements = vec![old.build(self.backend)];
        statements.extend(tags::insert([memo], self.backend));
        self.execute_all(statements).await
    }

    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        let removed = self.execute_large(statement).await?;
        self.check_version(removed)
    }
}

impl SeaOrmUnitOfWork {
    async fn join_tags(
        &mut self,
        owner: UserId,
        spellings: Select<memo_tag::Entity>,
    ) -> Result<Vec<TagCount>, StoreError> {
        let spellings = spellings.build(self.backend);
        let rows = self.find_all_own::<tags::Spelling>(owner, spellings, Cost::Small).await?;
        let spellings = rows.into_iter().map(tags::Spelling::into_tag).collect::<Result<Vec<_>, _>>()?;
        Ok(TagCount::join(spellings))
    }
}
