//! The repository of memos.

mod backfill;
mod plan;
#[cfg(test)]
mod plans;
mod query;
mod row;
mod search;
mod tags;

use async_trait::async_trait;
use memo_domain::{
    DisplayName, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView, Page, PageRequest,
    SearchText, SortField, StoreError, Tag, TagCount, UserId, Version,
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};

use super::{
    dialect,
    entity::{
        memo::{ActiveModel, Column, Entity},
        memo_tag,
    },
    unit_of_work::SeaOrmUnitOfWork,
};
pub use backfill::{index_all, is_index_incomplete};
pub use query::prepare;
use row::{MemoRow, to_row};

#[async_trait]
impl MemoRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError> {
        let statement = if self.locks_rows() { self.prepared.locking_lookup(id) } else { self.prepared.lookup(id) };
        self.find_one::<MemoRow>(statement).await?.map(MemoRow::into_view).transpose()
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
        let row = self.find_one_of::<query::Count>(filter, count).await?;
        u64::try_from(row.map_or(0, |row| row.count)).map_err(StoreError::corrupt)
    }

    async fn list_tags(&mut self, owner: UserId, after: Option<&Tag>, limit: u32) -> Result<Vec<TagCount>, StoreError> {
        self.join_tags(tags::page(owner, after, limit)).await
    }

    async fn count_tags(&mut self, owner: UserId) -> Result<u64, StoreError> {
        let row = self.find_one::<query::Count>(dialect::count_distinct_tags(self.backend, owner)).await?;
        u64::try_from(row.map_or(0, |row| row.count)).map_err(StoreError::corrupt)
    }

    async fn has_tags(&mut self, owner: UserId, tags: &[Tag]) -> Result<bool, StoreError> {
        let statement = tags::count_present(owner, tags, self.backend);
        // A new memo's statements can be recorded, unless another one was run before.
        let row = match self.find_committed::<query::Count>(&statement).await? {
            Some(row) => Some(row),
            None => self.find_one(statement).await?,
        };
        Ok(row.is_some_and(|row| usize::try_from(row.count).is_ok_and(|count| count >= tags.len())))
    }

    async fn find_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Option<TagCount>, StoreError> {
        let spellings = tags::spellings(owner).filter(memo_tag::Column::TagKey.eq(tag.key()));
        Ok(self.join_tags(spellings).await?.pop())
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

    async fn insert(&mut self, memo: &Memo, text: &SearchText) -> Result<MemoView, StoreError> {
        let mut statements = vec![self.prepared.insert(to_row(memo)?)];
        statements.extend(tags::insert(memo, self.backend));
        statements.extend(dialect::insert_text(self.backend, memo.id.as_uuid(), text));
        let index = dialect::index_memo(self.backend, memo.id.as_uuid(), memo.owner_id, text);
        // Only a missing owner or a taken id can make these statements fail. If the committed state shows neither, they can
        // be recorded.
        let found = self.find_committed::<query::Owner>(&self.prepared.owner_of_new(memo)).await?;
        let owner = if found.is_some() {
            self.record(statements).await?;
            self.record_last(index).await?;
            found
        } else {
            statements.push(index);
            self.execute_and_find_one::<query::Owner>(statements, query::owner_name(memo, self.backend)).await?
        };
        self.existing_user = Some(memo.owner_id);
        let owner = owner.ok_or_else(|| StoreError::corrupt("a memo without its owner"))?;
        let owner_name = DisplayName::new(owner.display_name).map_err(StoreError::corrupt)?;
        Ok(MemoView { memo: memo.clone(), owner_name })
    }

    async fn update(&mut self, memo: &Memo, from: Version, text: Option<&SearchText>) -> Result<(), StoreError> {
        if let Some(text) = text {
            self.execute_all(dialect::reindex_memo(self.backend, memo, text)).await?;
        }
        let row = ActiveModel { id: NotSet, owner_id: NotSet, created_at: NotSet, ..to_row(memo)? };
        let statement = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(memo.id.as_uuid()))
            .filter(Column::OwnerId.eq(memo.owner_id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        self.execute_versioned(statement).await?;
        self.existing_user = Some(memo.owner_id);
        let old = memo_tag::Entity::delete_many().filter(memo_tag::Column::MemoId.eq(memo.id.as_uuid()));
        let mut statements = vec![old.build(self.backend)];
        statements.extend(tags::insert(memo, self.backend));
        self.execute_all(statements).await
    }

    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        self.execute_versioned(statement).await
    }
}

impl SeaOrmUnitOfWork {
    async fn join_tags(&self, spellings: Select<memo_tag::Entity>) -> Result<Vec<TagCount>, StoreError> {
        let rows = self.find_all::<tags::Spelling>(spellings.build(self.backend)).await?;
        let spellings = rows.into_iter().map(tags::Spelling::into_tag).collect::<Result<Vec<_>, _>>()?;
        Ok(TagCount::join(spellings))
    }
}
