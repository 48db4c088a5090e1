use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{
    Conflict, Memo, MemoCursor, MemoFilter, MemoId, MemoRepository, MemoSort, MemoView, Page, PageRequest, PageStart,
    SortDirection, StoreError, Tag, TagCount, UserId, Version,
};

use crate::{
    state::{State, expect_version, require},
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
        let mut found = self
            .state
            .memos
            .values()
            .filter(|memo| filter.matches(memo))
            .map(|memo| view(&self.state, memo).map(|view| (sort.cursor(filter, &view), view)))
            .collect::<Result<Vec<_>, _>>()?;
        found.sort_unstable_by(|(a, _), (b, _)| match sort.direction {
            SortDirection::Ascending => a.cmp(b),
            SortDirection::Descending => b.cmp(a),
        });
        let start = match &page.start {
            PageStart::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            PageStart::After(cursor) => found.partition_point(|(place, _)| match sort.direction {
                SortDirection::Ascending => place <= cursor,
                SortDirection::Descending => place >= cursor,
            }),
        };
        let overfetched = usize::from(page.limit.get()) + 1;
        let items = found.into_iter().skip(start).take(overfetched).map(|(_, view)| view).collect();
        Ok(Page::from_overfetched(items, page.limit, |last| sort.cursor(filter, last)))
    }

    async fn count(&mut self, filter: &MemoFilter) -> Result<u64, StoreError> {
        Ok(self.state.memos.values().filter(|memo| filter.matches(memo)).map(|_| 1).sum())
    }

    async fn list_tags(&mut self, owner: UserId) -> Result<Vec<TagCount>, StoreError> {
        let filter = MemoFilter::of(owner);
        let memos = self.state.memos.values().filter(|memo| filter.matches(memo));
        Ok(TagCount::join(memos.flat_map(|memo| &memo.state.tags).map(|tag| (tag.clone(), 1))))
    }

    async fn find_by_tag(&mut self, owner: UserId, tag: &Tag) -> Result<Vec<MemoId>, StoreError> {
        let filter = MemoFilter { tags: vec![tag.clone()], ..MemoFilter::of(owner) };
        // In the order of the map, which is that of the ids.
        Ok(self.state.memos.values().filter(|memo| filter.matches(memo)).map(|memo| memo.id).collect())
    }

    async fn insert(&mut self, memo: &Memo) -> Result<MemoView, StoreError> {
        self.write(|state| {
            require(!state.memos.contains_key(&memo.id), Conflict::Id)?;
            require(state.users.contains_key(&memo.owner_id), Conflict::Parent)?;
            state.memos.insert(memo.id, Arc::new(memo.clone()));
            view(state, memo)
        })
    }

    async fn update(&mut self, memo: &Memo, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            let kept = state.memos.get_mut(&memo.id).filter(|kept| kept.owner_id == memo.owner_id);
            let kept = expect_version(kept, |memo| memo.version, from)?;
            *kept = Arc::new(Memo { created_at: kept.created_at, ..memo.clone() });
            Ok(())
        })
    }

    async fn remove(&mut self, id: MemoId, from: Version) -> Result<(), StoreError> {
        self.write(|state| {
            expect_version(state.memos.get_mut(&id), |memo| memo.version, from)?;
            state.memos.remove(&id);
            Ok(())
        })
    }
}

fn view(state: &State, memo: &Memo) -> Result<MemoView, StoreError> {
    let owner = state.users.get(&memo.owner_id).ok_or_else(|| StoreError::corrupt("a memo without its owner"))?;
    Ok(MemoView { memo: memo.clone(), owner_name: owner.display_name.clone() })
}
