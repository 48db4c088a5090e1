//! Lists and counts that the database alone can't give in one statement.
//!
//! A narrow condition (a tag, a search) is looked up where few memos fit it, and is asked of each memo in the order of the
//! list where many do: so a page never reads far more memos than it shows. What a search looks up (pairs of characters) is
//! often less than its query says; the texts then decide.

use std::collections::HashMap;

use memo_domain::{
    Content, MemoCursor, MemoFilter, MemoScope, MemoSort, MemoView, PageRequest, PageStart, SortDirection, SortField,
    SortPosition, StoreError, Tag, Timestamp, Title,
};
use sea_orm::{FromQueryResult, QueryTrait, Statement, prelude::Uuid};

use super::{
    grams::Wanted,
    query::{self, Rows},
    row::MemoRow,
};
use crate::{dialect, error::Misuse, unit_of_work::SeaOrmUnitOfWork};

/// What fewer memos fit is looked up and sorted; so many are sorted faster than many times as many are walked.
const FEW: u32 = 300;
/// How many memos are read at once while their texts decide.
const CHUNK: u64 = 200;
/// How many memos are named in one statement: always as many, so that its text stays the same.
const NAMED: usize = 100;

/// How the memos of a filter are found.
#[derive(Debug, Default)]
pub struct Plan {
    /// What a search looks up, where there is anything.
    pub wanted: Option<Wanted>,
    /// Whether the texts decide in the end.
    pub texts_decide: bool,
    pub start: Start,
}

/// What is looked up first.
#[derive(Debug, Default)]
pub enum Start {
    /// Nothing: the memos are walked in the order of the list.
    #[default]
    Order,
    Search,
    Tag(Tag),
    /// The memos of a time that the list is not sorted by.
    Time,
}

impl Plan {
    /// Whether one statement says all of the filter.
    pub fn is_exact(&self) -> bool {
        !self.texts_decide
    }
}

/// What is read of each memo that may fit, to sort and count them all.
#[derive(FromQueryResult)]
pub struct Candidate {
    pub id: Uuid,
    pub updated_at: i64,
    pub title: String,
}

impl SeaOrmUnitOfWork {
    pub(super) async fn plan(&self, filter: &MemoFilter, sorted_by: SortField) -> Result<Plan, StoreError> {
        let mut plan = Plan::default();
        if let Some(search) = &filter.search {
            let wanted = Wanted::of(search);
            plan.texts_decide = !wanted.is_exact;
            if !self.can_look_up() {
                plan.texts_decide = true;
            } else if !wanted.is_empty() {
                let count = dialect::count_found(self.backend, query::searched_owner(filter), &wanted, FEW + 1);
                if self.is_few(count).await? {
                    plan.start = Start::Search;
                }
                plan.wanted = Some(wanted);
            }
        }
        if let (Start::Order, MemoScope::Mine) = (&plan.start, filter.scope) {
            for tag in &filter.tags {
                let count = self.backend.build(&query::count_tagged(filter.viewer, tag, FEW + 1));
                if self.is_few(count).await? {
                    plan.start = Start::Tag(tag.clone());
                    break;
                }
            }
        }
        if let (Start::Order, Some(count)) = (&plan.start, query::count_of_time(filter, sorted_by, FEW + 1))
            && self.is_few(self.backend.build(&count)).await?
        {
            plan.start = Start::Time;
        }
        Ok(plan)
    }

    async fn is_few(&self, count: Statement) -> Result<bool, StoreError> {
        let found = self.find_one::<query::Count>(count).await?.map_or(0, |row| row.count);
        Ok(found <= i64::from(FEW))
    }

    /// A page with one memo more than it holds, in an order that an index has.
    pub(super) async fn in_order(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        page: &PageRequest<MemoCursor>,
    ) -> Result<Vec<MemoView>, StoreError> {
        let plan = self.plan(filter, sort.field).await?;
        let most = u64::from(page.limit.get()) + 1;
        if plan.is_exact() {
            return self.views(filter, sort, &page.start, most, &plan).await;
        }
        let (mut left_out, mut start) = match &page.start {
            PageStart::Offset(offset) => (*offset, PageStart::Offset(0)),
            start @ PageStart::After(_) => (0, start.clone()),
        };
        let mut found = Vec::new();
        loop {
            let views = self.views(filter, sort, &start, CHUNK, &plan).await?;
            let is_last = (views.len() as u64) < CHUNK;
            let after = views.last().map(|view| sort.cursor(filter, view));
            for view in views.into_iter().filter(|view| filter.matches(&view.memo)) {
                if left_out > 0 {
                    left_out -= 1;
                } else if found.iter().all(|known: &MemoView| known.memo.id != view.memo.id) {
                    // Otherwise it was changed between two statements, and so comes once more.
                    found.push(view);
                    if found.len() as u64 == most {
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

    /// A page with one memo more than it holds, those with more of the query in their titles first.
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
        let mut places = Vec::new();
        for Candidate { id, updated_at, title } in self.candidates(filter, &plan).await? {
            let score = search.relevance(&Title::new(title).map_err(StoreError::corrupt)?);
            let position = SortPosition::Relevance { score, updated_at: Timestamp::from_micros(updated_at) };
            places.push(MemoCursor { position, id: memo_domain::MemoId::new(id) });
        }
        places.sort_unstable();
        if sort.direction == SortDirection::Descending {
            places.reverse();
        }
        let start = match &page.start {
            PageStart::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            PageStart::After(cursor) => places.partition_point(|place| match sort.direction {
                SortDirection::Ascending => place <= cursor,
                SortDirection::Descending => place >= cursor,
            }),
        };
        let most = usize::from(page.limit.get()) + 1;
        let mut found = Vec::with_capacity(most);
        for places in places.get(start..).unwrap_or_default().chunks(NAMED) {
            let ids: Vec<_> = places.iter().map(|place| place.id.as_uuid()).collect();
            let mut views = HashMap::new();
            for row in self.find_all::<MemoRow>(query::named(&ids, NAMED).build(self.backend)).await? {
                let view = row.into_view()?;
                // It may have changed since its place was found: into one that nobody else may see.
                if filter.matches(&view.memo) {
                    views.insert(view.memo.id.as_uuid(), view);
                }
            }
            found.extend(ids.iter().filter_map(|id| views.remove(id)).take(most - found.len()));
            if found.len() == most {
                break;
            }
        }
        Ok(found)
    }

    /// All memos that fit, in no order.
    pub(super) async fn candidates(&self, filter: &MemoFilter, plan: &Plan) -> Result<Vec<Candidate>, StoreError> {
        let mut candidates =
            self.find_all::<Candidate>(query::candidates(filter, plan, self.backend).build(self.backend)).await?;
        let (Some(search), false) = (&filter.search, plan.is_exact()) else { return Ok(candidates) };
        let mut fitting = HashMap::new();
        for some in candidates.chunks(NAMED) {
            let ids: Vec<_> = some.iter().map(|candidate| candidate.id).collect();
            for text in self.find_all::<query::Text>(query::texts(&ids, NAMED).build(self.backend)).await? {
                let title = Title::new(text.title).map_err(StoreError::corrupt)?;
                let content = Content::new(text.content).map_err(StoreError::corrupt)?;
                fitting.insert(text.id, search.matches(&title, &content));
            }
        }
        candidates.retain(|candidate| fitting.get(&candidate.id) == Some(&true));
        Ok(candidates)
    }

    async fn views(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        start: &PageStart<MemoCursor>,
        most: u64,
        plan: &Plan,
    ) -> Result<Vec<MemoView>, StoreError> {
        let select = query::list(filter, &Rows { sort, start, most }, plan, self.backend)?;
        let rows = self.find_all::<MemoRow>(select.build(self.backend)).await?;
        rows.into_iter().map(MemoRow::into_view).collect()
    }
}

/// Without a query all memos are as relevant, and the last change decides.
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
