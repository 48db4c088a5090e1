use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Conflict, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView, Page, PageRequest, PageStart,
    SortDirection, StoreError, Tag, TagCount, UserId, Version,
};

use crate::{
    state::{Row, State, require},
    store::Unit,
};

#[async_trait]
impl MemoRepository for Unit {
    async fn lookup(&mut self, id: MemoId) -> Result<Option<MemoView>, StoreError> {
        self.state.memos.get(&id).map(|memo| view(&self.state, memo)).transpose()
    }

    async fn list(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Page<MemoView, MemoCursor>, StoreError> {
        let mut found = Vec::new();
        for memo in self.state.memos.values().filter(|memo| filter.matches(memo)) {
            let view = view(&self.state, memo)?;
            found.push((sort.cursor(filter, &view), view));
        }
        let ascending = sort.direction == SortDirection::Ascending;
        found.sort_unstable_by(|(a, _), (b, _)| if ascending { a.cmp(b) } else { b.cmp(a) });
        let start = match &page.start {
            PageStart::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            PageStart::After(last) => {
                found.partition_point(|(place, _)| if ascending { place <= last } else { place >= last })
            }
        };
        // One more than was asked for tells whether there are more.
        let items = found.into_iter().skip(start).take(usize::from(page.limit.get()) + 1).map(|(_, view)| view);
        Ok(Page::from_overfetched(items.collect(), page.limit, |last| sort.cursor(filter, last)))
    }

    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError> {
        Ok(self.state.memos.values().filter(|memo| filter.matches(memo)).count() as u64)
    }

    async fn list_tags(&mut self, owner: UserId) -> Result<Vec<TagCount>, StoreError> {
        let filter = MemoFilter::of(owner);
        let memos = self.state.memos.values().filter(|memo| filter.matches(memo));
        Ok(TagCount::join(memos.flat_map(|memo| &memo.state.tags).map(|tag| (tag.clone(), 1))))
    }

    async fn find_by_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Vec<MemoId>, StoreError> {
        let filter = MemoFilter { tags: vec![tag.clone()], ..MemoFilter::of(owner) };
        // The map is sorted by id.
        Ok(self.state.memos.values().filter(|memo| filter.matches(memo)).map(|memo| memo.id).collect())
    }

    async fn insert(&mut self, memo: &Memo) -> Result<MemoView, StoreError> {
        self.write(|state| {
            require(!state.memos.contains_key(&memo.id), Conflict::Id)?;
            require(state.users.contains_key(&memo.owner_id), Conflict::Parent)?;
            Ok(vec![Row::Memo(Arc::new(memo.clone()))])
        })?;
        view(&self.state, memo)
    }

    async fn update(&mut self, memo: &Memo, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = in_version(state, memo.id, from)?;
            if kept.owner_id != memo.owner_id {
                return Err(StoreError::Stale);
            }
            Ok(vec![Row::Memo(Arc::new(Memo { created_at: kept.created_at, ..memo.clone() }))])
        })?;
        Ok(())
    }

    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            in_version(state, id, from)?;
            Ok(vec![Row::MemoGone(id)])
        })?;
        Ok(())
    }
}

fn in_version(state: &State, id: MemoId, from: Version) -> Result<&Memo, StoreError> {
    state.memos.get(&id).map(|memo| &**memo).filter(|memo| memo.version == from).ok_or(StoreError::Stale)
}

fn view(state: &State, memo: &Memo) -> Result<MemoView, StoreError> {
    let owner = state.users.get(&memo.owner_id).ok_or_else(|| StoreError::corrupt("a memo without its owner"))?;
    Ok(MemoView { memo: memo.clone(), owner_name: owner.display_name.clone() })
}
