//! Full-text search.
//!
//! Each case keeps a set of memos in one unit of work and asks many queries of it; what
//! [`MemoFilter::matches`] says of each memo is what the store must say.

mod corpus;
mod filtered;
mod followed;
mod operators;
mod sorted;
mod texts;

use std::sync::Arc;

use memo_domain::{
    Access, Limit, Memo, MemoCursor, MemoFilter, MemoSort, MemoView, Page, PageRequest, PageStart, SearchQuery,
    SortDirection, SortField, Store, UserId,
};

pub(crate) use filtered::*;
pub(crate) use followed::*;
pub(crate) use operators::*;
pub(crate) use sorted::*;
pub(crate) use texts::*;

use crate::{
    samples::{at, content, memo, title},
    steps::{BY_CHANGE, add_memos, add_user, begin, ids, place_in},
};

/// Every order, also the one that has no name on the wire.
fn every_sort() -> impl Iterator<Item = MemoSort> {
    let worst_first = MemoSort { field: SortField::Relevance, direction: SortDirection::Ascending };
    MemoSort::NAMES.into_iter().map(|(_, sort)| sort).chain([worst_first])
}

fn query(text: &str) -> Option<SearchQuery> {
    SearchQuery::parse(text).expect("a short query")
}

/// A memo of some text. Every third one has the same times.
fn text_memo(n: u32, owner: UserId, (heading, text): (&str, &str)) -> Memo {
    let mut memo = memo(n, owner);
    memo.state.title = title(heading);
    memo.state.content = content(text);
    memo.updated_at = at(i64::from(n % 3));
    memo
}

/// A store, and the memos that it must have.
struct Shelf {
    store: Arc<dyn Store>,
    viewer: UserId,
    memos: Vec<Memo>,
}

impl Shelf {
    /// Of one member's memos, with texts; another member has the same, which are never found.
    async fn of_texts<'a>(store: Arc<dyn Store>, texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (viewer, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
        let memos: Vec<_> = (0..).zip(texts).map(|(n, text)| text_memo(n, viewer, text)).collect();
        let others = (1_000..).zip(memos.iter().take(20)).map(|(n, memo)| Memo {
            owner_id: other,
            id: crate::samples::memo_id(n),
            ..memo.clone()
        });
        let shelf = Self { store, viewer, memos: memos.iter().cloned().chain(others).collect() };
        add_memos(&*shelf.store, &shelf.memos).await;
        shelf
    }

    fn filter(&self, text: &str) -> MemoFilter {
        MemoFilter { search: query(text), ..MemoFilter::of(self.viewer) }
    }

    /// What a list must have, in order.
    fn expected(&self, filter: &MemoFilter, sort: MemoSort) -> Vec<&Memo> {
        let mut found: Vec<_> = self.memos.iter().filter(|memo| filter.matches(memo)).collect();
        found.sort_by_cached_key(|memo| place_in(filter, memo, sort));
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

    /// Compares a list and its count with what the filter itself says of all memos. How many there are.
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
        assert!(listed.iter().eq(expected.iter().copied()), "what {filter:?} finds is whole");
        let count = uow.memos().count(filter).await.expect("memos are counted");
        assert_eq!(count, expected.len() as u64, "the count of {filter:?}");
        expected.len()
    }

    /// As [`check_filter`](Self::check_filter), of everything that the viewer has.
    async fn check(&self, text: &str) -> usize {
        self.check_filter(&self.filter(text), BY_CHANGE).await
    }
}
