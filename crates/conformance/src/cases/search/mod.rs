//! Full-text search.
//!
//! Each case inserts a set of memos and runs many queries. For each memo, the store must agree with
//! [`MemoFilter::matches`].

mod corpus;
mod filtered;
mod operators;
mod sorted;
mod texts;
mod updates;

use std::sync::Arc;

use memo_domain::{
    Access, Limit, Memo, MemoCursor, MemoFilter, MemoSort, MemoView, Page, PageRequest, PageStart, SearchQuery,
    SortDirection, SortField, Store, UserId,
};

pub(crate) use filtered::*;
pub(crate) use operators::*;
pub(crate) use sorted::*;
pub(crate) use texts::*;
pub(crate) use updates::*;

use crate::{
    samples::{at, content, memo, title},
    steps::{BY_CHANGE, add_memos, add_user, begin, cursor_in, ids},
};

/// Every order, including the one that clients cannot request.
fn every_sort() -> impl Iterator<Item = MemoSort> {
    let worst_first = MemoSort { field: SortField::Relevance, direction: SortDirection::Ascending };
    MemoSort::ALL.into_iter().chain([worst_first])
}

fn query(text: &str) -> Option<SearchQuery> {
    SearchQuery::parse(text).expect("a short query")
}

/// A memo with this title and content. Every third one has the same times.
fn text_memo(n: u32, owner: UserId, (heading, text): (&str, &str)) -> Memo {
    let mut memo = memo(n, owner);
    memo.state.title = title(heading);
    memo.state.content = content(text);
    memo.updated_at = at(i64::from(n % 3));
    memo
}

/// A store and the memos that it must contain.
struct Fixture {
    store: Arc<dyn Store>,
    viewer: UserId,
    memos: Vec<Memo>,
}

impl Fixture {
    /// Inserts one user's memos with these texts, and the same for another user, whose memos must never be found.
    async fn with_texts<'a>(store: Arc<dyn Store>, texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (viewer, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
        let memos: Vec<_> = (0..).zip(texts).map(|(n, text)| text_memo(n, viewer, text)).collect();
        let others = (1_000..).zip(memos.iter().take(20)).map(|(n, memo)| Memo {
            owner_id: other,
            id: crate::samples::memo_id(n),
            ..memo.clone()
        });
        let fixture = Self { store, viewer, memos: memos.iter().cloned().chain(others).collect() };
        add_memos(&*fixture.store, &fixture.memos).await;
        fixture
    }

    fn filter(&self, text: &str) -> MemoFilter {
        MemoFilter { search: query(text), ..MemoFilter::of(self.viewer) }
    }

    /// The memos that a list must have, in order.
    fn expected(&self, filter: &MemoFilter, sort: MemoSort) -> Vec<&Memo> {
        let mut found: Vec<_> = self.memos.iter().filter(|memo| filter.matches(memo)).collect();
        found.sort_by_cached_key(|memo| cursor_in(filter, memo, sort));
        if sort.direction == SortDirection::Descending {
            found.reverse();
        }
        found
    }

    async fn page(
        &self,
        filter: &MemoFilter,
        sort: MemoSort,
        limit: usize,
        start: PageStart<MemoCursor>,
    ) -> Page<MemoView, MemoCursor> {
        let request = PageRequest { limit: Limit::new(limit as u64).expect("a valid limit"), start };
        begin(&*self.store, Access::Read).await.memos().list(filter, sort, &request).await.expect("memos are listed")
    }

    /// Compares a list and its count with the memos that the filter itself matches. Returns the count.
    async fn check_filter(&self, filter: &MemoFilter, sort: MemoSort) -> usize {
        let expected = self.expected(filter, sort);
        let mut uow = begin(&*self.store, Access::Read).await;
        let request = PageRequest { limit: Limit::new(100).expect("a valid limit"), start: PageStart::Offset(0) };
        let page = uow.memos().list(filter, sort, &request).await.expect("memos are listed");
        let listed: Vec<_> = page.items.into_iter().map(|view| view.memo).collect();
        let titles = |memos: &[&Memo]| -> Vec<_> { memos.iter().map(|memo| memo.state.title.clone()).collect() };
        assert_eq!(
            ids(&listed),
            ids(expected.iter().copied()),
            "{filter:?} by {sort:?} must find {:?} and finds {:?}",
            titles(&expected),
            titles(&listed.iter().collect::<Vec<_>>()),
        );
        assert!(listed.iter().eq(expected.iter().copied()), "{filter:?} returns complete memos");
        let count = uow.memos().count(filter).await.expect("memos are counted");
        assert_eq!(count, expected.len() as u64, "the count of {filter:?}");
        expected.len()
    }

    /// Like [`check_filter`](Self::check_filter), for all memos of the viewer.
    async fn check(&self, text: &str) -> usize {
        self.check_filter(&self.filter(text), BY_CHANGE).await
    }
}
