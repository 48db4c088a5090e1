//! Lists and counts that a single statement can't answer, or that need a choice of plan.
//!
//! If few memos match a condition (a tag, a search), they are looked up and sorted. If many do, the memos are scanned in the
//! order of the list and filtered. So a page never reads many more memos than it shows. The bigrams of a search often do not
//! decide whether a memo matches; its texts do then.

use std::collections::HashMap;

use memo_domain::{
    Content, MemoCursor, MemoFilter, MemoScope, MemoSort, MemoView, PageRequest, PageStart, SortDirection, SortField,
    SortPosition, StoreError, Timestamp, Title,
};
use sea_orm::{QueryTrait, Statement};

use super::{
    plan::{Plan, Start},
    query::{self, Candidate, Rows},
    row::MemoRow,
};
use crate::{dialect, error::Misuse, grams::GramQuery, unit_of_work::SeaOrmUnitOfWork};

/// The number of matching memos up to which they are looked up and sorted, which is then faster than a scan.
const MAX_SORTED: u32 = 300;
/// The number of memos that are read at a time while their texts decide.
const CHUNK: u64 = 200;
/// The number of ids in a statement: always the same, so that its text is, too.
const IDS: usize = 100;

impl SeaOrmUnitOfWork {
    pub(super) async fn plan(&self, filter: &MemoFilter, sorted_by: SortField) -> Result<Plan, StoreError> {
        let mut plan = Plan::default();
        if let Some(search) = &filter.search {
            let grams = GramQuery::new(search);
            plan.texts_decide = !grams.is_exact;
            if !self.can_use_index() {
                plan.texts_decide = true;
            } else if !grams.is_empty() {
                let count = dialect::count_found(self.backend, query::searched_owner(filter), &grams, MAX_SORTED + 1);
                if self.is_selective(count).await? {
                    plan.start = Start::Search;
                }
                plan.gram_query = Some(grams);
            }
        }
        if let (Start::Order, MemoScope::Mine) = (&plan.start, filter.scope) {
            for tag in &filter.tags {
                let count = self.backend.build(&query::count_tagged(filter.viewer, tag, MAX_SORTED + 1));
                if self.is_selective(count).await? {
                    plan.start = Start::Tag(tag.clone());
                    break;
                }
            }
        }
        if let (Start::Order, Some(count)) = (&plan.start, query::count_of_time(filter, sorted_by, MAX_SORTED + 1))
            && self.is_selective(self.backend.build(&count)).await?
        {
            plan.start = Start::Time;
        }
        Ok(plan)
    }

    /// Whether few enough memos match to be looked up and sorted.
    async fn is_selective(&self, count: Statement) -> Result<bool, StoreError> {
        let found = self.find_one::<query::Count>(count).await?.map_or(0, |row| row.count);
        Ok(found <= i64::from(MAX_SORTED))
    }

    /// Returns a page and one more memo, in the order of an index.
    pub(super) async fn in_order(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Vec<MemoView>, StoreError> {
        let plan = self.plan(filter, sort.field).await?;
        let limit = u64::from(page.limit.get()) + 1;
        if plan.is_exact() {
            return self.views(filter, sort, &page.start, limit, &plan).await;
        }
        let (mut to_skip, mut start) = match &page.start {
            PageStart::Offset(offset) => (*offset, PageStart::Offset(0)),
            start @ PageStart::After(_) => (0, start.clone()),
        };
        let mut found = Vec::new();
        loop {
            let views = self.views(filter, sort, &start, CHUNK, &plan).await?;
            let is_last = (views.len() as u64) < CHUNK;
            let after = views.last().map(|view| sort.cursor(filter, view));
            for view in views.into_iter().filter(|view| filter.matches(&view.memo)) {
                if to_skip > 0 {
                    to_skip -= 1;
                } else if found.iter().all(|known: &MemoView| known.memo.id != view.memo.id) {
                    // A memo that changes between two statements may be selected twice; it is returned once.
                    found.push(view);
                    if found.len() as u64 == limit {
                        return Ok(found);
                    }
                }
            }
            match after {
                Some(after) if !is_last => start = PageStart::After(after),
                _ => return Ok(found),
            }
        }
    }

    /// Returns a page and one more memo, sorted by the number of the query's terms in the titles.
    pub(super) async fn most_relevant(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Vec<MemoView>, StoreError> {
        let Some(search) = &filter.search else {
            let by_change = MemoSort { field: SortField::UpdatedAt, ..sort };
            return self.in_order(filter, by_change, &by_time(page)?).await;
        };
        let plan = self.plan(filter, sort.field).await?;
        let mut cursors = Vec::new();
        for Candidate { id, updated_at, title } in self.candidates(filter, &plan).await? {
            let score = search.relevance(&Title::new(title).map_err(StoreError::corrupt)?);
            let position = SortPosition::Relevance { score, updated_at: Timestamp::from_micros(updated_at) };
            cursors.push(MemoCursor { position, id: memo_domain::MemoId::new(id) });
        }
        cursors.sort_unstable();
        if sort.direction == SortDirection::Descending {
            cursors.reverse();
        }
        let start = match &page.start {
            PageStart::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            PageStart::After(last) => cursors.partition_point(|cursor| match sort.direction {
                SortDirection::Ascending => cursor <= last,
                SortDirection::Descending => cursor >= last,
            }),
        };
        let limit = usize::from(page.limit.get()) + 1;
        let mut found = Vec::with_capacity(limit);
        for chunk in cursors.get(start..).unwrap_or_default().chunks(IDS) {
            let ids: Vec<_> = chunk.iter().map(|cursor| cursor.id.as_uuid()).collect();
            let mut views = HashMap::new();
            for row in self.find_all::<MemoRow>(query::views_by_id(&ids, IDS).build(self.backend)).await? {
                let view = row.into_view()?;
                // The memo may have changed since it was found, e.g. into one that the viewer must not see.
                if filter.matches(&view.memo) {
                    views.insert(view.memo.id.as_uuid(), view);
                }
            }
            found.extend(ids.iter().filter_map(|id| views.remove(id)).take(limit - found.len()));
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// Returns all memos that match, unordered.
    pub(super) async fn candidates(&self, filter: &MemoFilter, plan: &Plan) -> Result<Vec<Candidate>, StoreError> {
        let mut candidates =
            self.find_all::<Candidate>(query::candidates(filter, plan, self.backend).build(self.backend)).await?;
        let (Some(search), false) = (&filter.search, plan.is_exact()) else { return Ok(candidates) };
        let mut matches = HashMap::new();
        for chunk in candidates.chunks(IDS) {
            let ids: Vec<_> = chunk.iter().map(|candidate| candidate.id).collect();
            for text in self.find_all::<query::Text>(query::texts(&ids, IDS).build(self.backend)).await? {
                let title = Title::new(text.title).map_err(StoreError::corrupt)?;
                let content = Content::new(text.content).map_err(StoreError::corrupt)?;
                matches.insert(text.id, search.matches(&title, &content));
            }
        }
        candidates.retain(|candidate| matches.get(&candidate.id) == Some(&true));
        Ok(candidates)
    }

    async fn views(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        start: &PageStart<MemoCursor>,
        limit: u64,
        plan: &Plan,
    ) -> Result<Vec<MemoView>, StoreError> {
        let select = query::list(filter, &Rows { sort, start, limit }, plan, self.backend)?;
        let rows = self.find_all::<MemoRow>(select.build(self.backend)).await?;
        rows.into_iter().map(MemoRow::into_view).collect()
    }
}

/// Converts a page sorted by relevance to one sorted by the last change: without a query, all memos are equally relevant.
fn by_time(page: &PageRequest<MemoCursor>) -> Result<PageRequest<MemoCursor>, StoreError> {
    let start = match &page.start {
        PageStart::Offset(offset) => PageStart::Offset(*offset),
        PageStart::After(MemoCursor { position: SortPosition::Relevance { updated_at, .. }, id }) => {
            PageStart::After(MemoCursor { position: SortPosition::Time(*updated_at), id: *id })
        }
        PageStart::After(_) => return Err(Misuse::CursorOfOtherOrder.into()),
    };
    Ok(PageRequest { limit: page.limit, start })
}
