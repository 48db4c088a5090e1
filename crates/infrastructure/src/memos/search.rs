//! Lists and counts that need a choice of plan.
//!
//! If few memos match a condition (a tag, a search), they are looked up and sorted. If many do, the memos are scanned in the
//! order of the list and filtered. So a page rarely reads many more memos than it shows. The bigrams of a search often do not
//! decide whether a memo matches; the database then compares the stored form of its texts.
//!
//! How far a scan has to go is not known before. On SQLite, which can interrupt it, it is tried for a few milliseconds: that is
//! enough if a fortieth of a user's memos match, or the newest do. Otherwise a tag's memos are looked up, however many there are,
//! and a search collects what the index finds before it scans.

use memo_domain::{
    MemoCursor, MemoFilter, MemoScope, MemoSort, MemoView, PageRequest, PageStart, SortField, SortPosition, StoreError,
};
use sea_orm::{QueryTrait, Statement};

use super::{
    plan::{Plan, Start},
    query::{self, Rows},
    row::{MemoRow, Scored},
};
use crate::{
    connect::{Cost, Glance},
    dialect,
    error::Misuse,
    grams::GramQuery,
    unit_of_work::{Count, SeaOrmUnitOfWork, cost_of},
};

/// The number of matching memos up to which they are looked up and sorted, which is then faster than a scan.
const MAX_SORTED: u32 = 300;

impl SeaOrmUnitOfWork {
    pub(super) async fn plan(&mut self, filter: &MemoFilter, sorted_by: SortField) -> Result<Plan, StoreError> {
        let mut plan = Plan::default();
        if filter.scope == MemoScope::Liked {
            // Fewer than most searches find, and no index has them in an order.
            plan.start = Start::Liked;
            plan.texts_decide = filter.search.is_some();
            return Ok(plan);
        }
        if let Some(search) = &filter.search {
            let grams = GramQuery::new(search);
            plan.texts_decide = !grams.is_exact;
            if !self.can_use_index() {
                plan.texts_decide = true;
            } else if !grams.is_empty() {
                let count = dialect::count_found(self.backend, query::searched_owner(filter), &grams, MAX_SORTED + 1);
                if self.is_selective(filter, count).await? {
                    plan.start = Start::Search;
                }
                plan.gram_query = Some(grams);
            }
        }
        if let (Start::Order, MemoScope::Mine) = (&plan.start, filter.scope) {
            for tag in &filter.tags {
                let count = self.backend.build(&query::count_tagged(filter.viewer, tag, MAX_SORTED + 1));
                if self.is_selective(filter, count).await? {
                    plan.start = Start::Tag(tag.clone());
                    break;
                }
            }
        }
        if let (Start::Order, Some(count)) = (&plan.start, query::count_of_time(filter, sorted_by, MAX_SORTED + 1))
            && self.is_selective(filter, self.backend.build(&count)).await?
        {
            plan.start = Start::Time;
        }
        Ok(plan)
    }

    /// Whether few enough memos match to be looked up and sorted.
    async fn is_selective(&mut self, filter: &MemoFilter, count: Statement) -> Result<bool, StoreError> {
        let found = self.find_one_of::<Count>(filter, count).await?.map_or(0, |row| row.count);
        Ok(found <= i64::from(MAX_SORTED))
    }

    /// Returns a page and one more memo, in the order of an index. Scores are zero.
    pub(super) async fn in_order(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Vec<(MemoView, u32)>, StoreError> {
        let (mut plan, mut cost) = (self.plan(filter, sort.field).await?, cost_of(filter));
        let rows = Rows { sort, start: &page.start, limit: u64::from(page.limit.get()) + 1 };
        let views = |rows: Vec<MemoRow>| rows.into_iter().map(|row| Ok((row.into_view()?, 0))).collect();
        if let Some((scan, otherwise)) = plan.scan(filter) {
            let select = query::list(filter, &rows, &scan, self.backend)?.build(self.backend);
            match self.glance_of(filter, select).await? {
                Glance::Rows(found) => return views(found),
                Glance::TooSlow => {
                    plan.start = otherwise;
                    cost = if cost == Cost::Small { Cost::Large } else { cost };
                }
                Glance::Untried => {}
            }
        }
        let select = query::list(filter, &rows, &plan, self.backend)?.build(self.backend);
        views(self.find_all_of(filter, select, cost).await?)
    }

    /// Returns a page and one more memo, sorted by the number of the query's terms in the titles, with these numbers.
    pub(super) async fn most_relevant(
        &mut self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Vec<(MemoView, u32)>, StoreError> {
        let Some(search) = &filter.search else {
            let by_change = MemoSort { field: SortField::UpdatedAt, ..sort };
            return self.in_order(filter, by_change, &by_time(page)?).await;
        };
        let plan = self.plan(filter, sort.field).await?;
        let rows = Rows { sort, start: &page.start, limit: u64::from(page.limit.get()) + 1 };
        let select = query::most_relevant(filter, search, &rows, &plan, self.backend)?.build(self.backend);
        self.find_all_of::<Scored>(filter, select, cost_of(filter)).await?.into_iter().map(Scored::into_view).collect()
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
