//! The order of search results, and their pages.

use std::sync::Arc;

use memo_domain::{Memo, MemoFilter, MemoSort, PageStart, SortDirection, SortField, Store, UserId};

use super::{Fixture, every_sort, text_memo};
use crate::{
    samples::at,
    steps::{add_memos, add_user, cursor_in, ids},
};

/// Titles that match none, some or all words of the queries, some of them repeatedly.
const TITLES: [&str; 8] =
    ["weekly 회의 plan", "회의", "Weekly 회의", "-", "plan plan plan", "W\u{ff45}ekly", "회의 planning 회의", "weakly"];
const TEXT: &str = "weekly 회의 plan";

/// A memo that shares its title with every eighth one, and its times with every third or fifth one.
fn found(n: u32, owner: UserId) -> Memo {
    let mut memo = text_memo(n, owner, (TITLES[n as usize % 8], TEXT));
    memo.created_at = at(i64::from(n % 5));
    memo.updated_at = at(i64::from(n % 3));
    memo
}

async fn fixture(store: Arc<dyn Store>, numbers: std::ops::Range<u32>) -> Fixture {
    let (viewer, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos: Vec<_> = numbers.clone().map(|n| found(n, viewer)).collect();
    memos.extend(numbers.map(|n| found(1_000 + n, other)).take(10));
    memos.extend((2_000..2_005).map(|n| text_memo(n, viewer, ("회의 weekly plan", "draft"))));
    add_memos(&*store, &memos).await;
    Fixture { store, viewer, memos }
}

pub(crate) async fn search_results_are_sorted(store: Arc<dyn Store>) {
    let fixture = fixture(store, 0..45).await;
    for text in [
        "weekly 회의 plan -draft",
        "회의",
        "ｗｅｅｋｌｙ plan",
        "plan plan 회의",
        "-draft",
        "-weekly",
        "회의 -\"회의 weekly\"",
        "\"회의 plan\" weekly",
        "\"weekly 회의 plan\"",
        "p l a n",
        "-weakly -plan",
    ] {
        for sort in every_sort() {
            fixture.check_filter(&fixture.filter(text), sort).await;
        }
    }
    // Without a query, all titles are equally relevant.
    for direction in [SortDirection::Ascending, SortDirection::Descending] {
        let sort = MemoSort { field: SortField::Relevance, direction };
        assert_eq!(fixture.check_filter(&MemoFilter::of(fixture.viewer), sort).await, 50);
    }
}

pub(crate) async fn relevance_ranks_by_words_in_the_title(store: Arc<dyn Store>) {
    let (viewer, _) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let relevance = MemoSort { field: SortField::Relevance, direction: SortDirection::Descending };
    let titles = ["-", "weekly", "회의 WEEKLY", "plan 회의 weekly"];
    // Better titles have older times, which decide only among equally relevant memos; the id decides among equal times.
    let mut memos: Vec<_> = (0..12)
        .map(|n| {
            let mut memo = text_memo(n, viewer, (titles[n as usize / 3], TEXT));
            memo.updated_at = at(-i64::from(n / 3 * 10) + [1, 1, 2][n as usize % 3]);
            memo
        })
        .collect();
    add_memos(&*store, &memos).await;
    memos.sort_by_key(|memo| memo.id);
    memos.sort_by_key(|memo| memo.updated_at);
    memos.sort_by_key(|memo| titles.iter().position(|title| *title == memo.state.title.as_str()));
    memos.reverse();
    let fixture = Fixture { store, viewer, memos: memos.clone() };
    let filter = fixture.filter("weekly 회의 plan -draft");
    let page = fixture.page(&filter, relevance, 100, PageStart::Offset(0)).await;
    assert_eq!(ids(page.items.iter().map(|view| &view.memo)), ids(&memos));
}

pub(crate) async fn pages_of_a_search_are_slices_of_its_list(store: Arc<dyn Store>) {
    let fixture = fixture(store, 0..23).await;
    for (text, sort) in
        ["weekly 회의 plan -draft", "-draft"].into_iter().flat_map(|text| every_sort().map(move |sort| (text, sort)))
    {
        let filter = fixture.filter(text);
        let expected = ids(fixture.expected(&filter, sort));
        assert_eq!(expected.len(), 23);
        // Page size 1, too, for the most complex order.
        let least = if sort.field == SortField::Relevance { 1 } else { 4 };
        for limit in [least, 23, 24] {
            let mut paged = Vec::new();
            let mut start = PageStart::Offset(0);
            loop {
                let page = fixture.page(&filter, sort, limit, start).await;
                let by_offset = fixture.page(&filter, sort, limit, PageStart::Offset(paged.len() as u64)).await;
                assert_eq!(page, by_offset, "{text} by {sort:?}, limit {limit}");
                paged.extend(page.items.iter().map(|view| view.memo.id));
                assert!(paged.len() <= expected.len(), "{text} by {sort:?} repeats a memo");
                let Some(next) = page.next else { break };
                assert_eq!(Some(&next), page.items.last().map(|view| cursor_in(&filter, &view.memo, sort)).as_ref());
                start = PageStart::After(next);
            }
            assert_eq!(paged, expected, "{text} by {sort:?}, limit {limit}");
        }
        for offset in [23, 24, i64::MAX as u64, u64::MAX] {
            let page = fixture.page(&filter, sort, 5, PageStart::Offset(offset)).await;
            assert_eq!((page.items, page.next), (vec![], None), "{text} by {sort:?} from {offset}");
        }
    }
}

pub(crate) async fn pages_of_a_search_are_stable_under_inserts(store: Arc<dyn Store>) {
    const LIMIT: usize = 5;
    let mut fixture = fixture(store, 0..16).await;
    let mut number = 16;
    for sort in every_sort() {
        let filter = fixture.filter("weekly 회의 plan -draft");
        let mut next = fixture.page(&filter, sort, LIMIT, PageStart::Offset(0)).await.next;
        for turn in 0..3 {
            let cursor = next.expect("more pages");
            // The new memos sort before and after the cursor, and next to it by id only. One does not match.
            let mut more: Vec<_> = (number..number + 4).map(|n| found(n, fixture.viewer)).collect();
            more.push(text_memo(number + 4, fixture.viewer, ("weekly 회의 plan", "draft")));
            number += 5;
            add_memos(&*fixture.store, &more).await;
            fixture.memos.extend(more);
            let expected = fixture.expected(&filter, sort);
            let after_cursor = expected.into_iter().filter(|memo| match sort.direction {
                SortDirection::Ascending => cursor_in(&filter, memo, sort) > cursor,
                SortDirection::Descending => cursor_in(&filter, memo, sort) < cursor,
            });
            let after_cursor: Vec<_> = after_cursor.map(|memo| memo.id).collect();
            let page = fixture.page(&filter, sort, LIMIT, PageStart::After(cursor.clone())).await;
            let found: Vec<_> = page.items.iter().map(|view| view.memo.id).collect();
            assert_eq!(found, after_cursor[..LIMIT.min(after_cursor.len())], "{sort:?}, turn {turn}");
            assert_eq!(page.next.is_some(), after_cursor.len() > LIMIT, "{sort:?}, turn {turn}");
            if page.next.is_none() {
                break;
            }
            next = page.next;
        }
    }
}
