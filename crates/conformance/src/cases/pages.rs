use std::sync::Arc;

use memo_domain::{
    Access, Memo, MemoCursor, MemoFilter, MemoSort, PageStart, SortDirection, SortField, Store, Title, UserId,
};

use crate::{
    samples::{at, memo, title},
    steps::{add_memos, add_user, begin, commit, cursor_of, ids, in_order, list, page},
};

/// A memo that shares its times and its title with others, in different groups for each field.
fn grouped(n: u32, owner: UserId) -> Memo {
    let mut memo = memo(n, owner);
    memo.state.title = title(["b", "B", "a", "가"][n as usize % 4]);
    memo.created_at = at(i64::from(n / 2 % 3));
    memo.updated_at = at(i64::from(n % 3));
    memo
}

async fn add_grouped(store: &dyn Store, numbers: std::ops::Range<u32>, owner: UserId) -> Vec<Memo> {
    let memos: Vec<_> = numbers.map(|n| grouped(n, owner)).collect();
    add_memos(store, &memos).await;
    memos
}

fn is_after(memo: &Memo, cursor: &MemoCursor, sort: MemoSort) -> bool {
    match sort.direction {
        SortDirection::Ascending => cursor_of(memo, sort) > *cursor,
        SortDirection::Descending => cursor_of(memo, sort) < *cursor,
    }
}

pub(crate) async fn a_list_is_sorted(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos = add_grouped(&*store, 0..24, owner).await;
    for sort in MemoSort::ALL {
        let listed = list(&*store, &MemoFilter::of(owner), sort).await;
        assert_eq!(ids(&listed), ids(&in_order(memos.clone(), sort)), "{sort:?}");
    }
}

pub(crate) async fn titles_are_sorted_by_the_bytes_of_their_key(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    // Collations disagree about case, accents, punctuation, trailing spaces and characters outside the BMP.
    let sorted = [
        " !",
        "!",
        "1",
        "10",
        "2",
        "_",
        "A",
        "a ",
        "a!",
        "ab",
        "AC",
        "co-op",
        "coop",
        "Z",
        "É",
        "가",
        "각",
        "나",
        "\u{fffd}",
        "𝒜",
        "👩",
        "👩\u{200d}👧",
    ];
    let mut memos: Vec<_> = (0..).zip(sorted).map(|(n, text)| with_title(n, owner, title(text))).collect();
    let mut expected = ids(&memos);
    memos.sort_by_key(|memo| memo.id);
    add_memos(&*store, &memos).await;
    for direction in [SortDirection::Ascending, SortDirection::Descending] {
        let sort = MemoSort { field: SortField::Title, direction };
        assert_eq!(ids(&list(&*store, &MemoFilter::of(owner), sort).await), expected, "{direction:?}");
        expected.reverse();
    }
}

fn with_title(n: u32, owner: UserId, title: Title) -> Memo {
    let mut memo = memo(n, owner);
    memo.state.title = title;
    memo
}

pub(crate) async fn pages_by_cursor_are_stable(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let memos = add_grouped(&*store, 0..17, owner).await;
    add_grouped(&*store, 17..34, other).await;
    for sort in MemoSort::ALL {
        for limit in [1, 2, 5] {
            let mut paged = Vec::new();
            let mut start = PageStart::Offset(0);
            loop {
                let page = page(&*store, &MemoFilter::of(owner), sort, limit, start).await;
                paged.extend(page.items.iter().map(|view| view.memo.id));
                assert!(paged.len() <= memos.len(), "{sort:?} by {limit} repeats a memo");
                let Some(next) = page.next else { break };
                assert_eq!(Some(&next), page.items.last().map(|view| cursor_of(&view.memo, sort)).as_ref(), "{sort:?}");
                start = PageStart::After(next);
            }
            assert_eq!(paged, ids(&in_order(memos.clone(), sort)), "{sort:?} by {limit}");
        }
    }
}

pub(crate) async fn pages_by_cursor_are_stable_under_inserts(store: Arc<dyn Store>) {
    const LIMIT: usize = 4;
    let mut number = 0;
    for (owner, sort) in (0..).zip(MemoSort::ALL) {
        let owner = add_user(&*store, owner).await;
        let filter = MemoFilter::of(owner);
        let mut add = async |count: u32| {
            number += count;
            add_grouped(&*store, number - count..number, owner).await
        };
        let mut memos = add(12).await;
        let first = page(&*store, &filter, sort, LIMIT as u64, PageStart::Offset(0)).await;
        let mut next = first.next;
        let mut pages = 1;
        while let Some(cursor) = next {
            if pages < 4 {
                // The new memos sort before and after the cursor, and next to it by id only.
                memos.extend(add(6).await);
            }
            let after_cursor: Vec<_> = memos.iter().filter(|memo| is_after(memo, &cursor, sort)).cloned().collect();
            let expected = in_order(after_cursor, sort);
            let page = page(&*store, &filter, sort, LIMIT as u64, PageStart::After(cursor)).await;
            let found: Vec<_> = page.items.iter().map(|view| view.memo.id).collect();
            assert_eq!(found, ids(expected.iter().take(LIMIT)), "{sort:?}, page {pages}");
            assert_eq!(page.next.is_some(), expected.len() > LIMIT, "{sort:?}, page {pages}");
            next = page.next;
            pages += 1;
        }
        assert!(pages >= 3, "{sort:?} has several pages");
    }
}

pub(crate) async fn a_cursor_stays_valid_after_its_memo_is_removed(store: Arc<dyn Store>) {
    for (owner, sort) in (0..).zip(MemoSort::ALL) {
        let numbers = owner * 10..owner * 10 + 10;
        let owner = add_user(&*store, owner).await;
        let memos = in_order(add_grouped(&*store, numbers, owner).await, sort);
        let filter = MemoFilter::of(owner);
        let first = page(&*store, &filter, sort, 4, PageStart::Offset(0)).await;
        let mut uow = begin(&*store, Access::Write).await;
        uow.memos().remove(memos[3].id, memos[3].version).await.expect("the memo is removed");
        commit(uow).await;
        let cursor = first.next.expect("more pages");
        let second = page(&*store, &filter, sort, 100, PageStart::After(cursor)).await;
        let found: Vec<_> = second.items.iter().map(|view| view.memo.id).collect();
        assert_eq!(found, ids(&memos[4..]), "{sort:?}");
    }
}

pub(crate) async fn pages_by_offset_are_slices_of_the_list(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos = add_grouped(&*store, 0..10, owner).await;
    let filter = MemoFilter::of(owner);
    for sort in MemoSort::ALL {
        let memos = in_order(memos.clone(), sort);
        for (offset, limit) in [(0, 3), (1, 3), (3, 3), (8, 3), (9, 3), (0, 100)] {
            let page = page(&*store, &filter, sort, limit as u64, PageStart::Offset(offset as u64)).await;
            let found: Vec<_> = page.items.iter().map(|view| view.memo.id).collect();
            assert_eq!(found, ids(memos.iter().skip(offset).take(limit)), "{sort:?} from {offset}");
            let last = (offset + limit < memos.len()).then(|| cursor_of(&memos[offset + limit - 1], sort));
            assert_eq!(page.next, last, "{sort:?} from {offset}");
        }
        for offset in [10, 11, i64::MAX as u64, u64::MAX] {
            let page = page(&*store, &filter, sort, 3, PageStart::Offset(offset)).await;
            assert_eq!((page.items, page.next), (vec![], None), "{sort:?} from {offset}");
        }
    }
}

pub(crate) async fn a_page_says_whether_there_is_a_next_one(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let filter = MemoFilter::of(owner);
    let sort = MemoSort::default();
    let empty = page(&*store, &filter, sort, 3, PageStart::Offset(0)).await;
    assert_eq!((empty.items, empty.next), (vec![], None));

    add_grouped(&*store, 0..6, owner).await;
    for (limit, pages) in [(1, 6), (2, 3), (3, 2), (4, 2), (5, 2), (6, 1), (7, 1), (100, 1)] {
        let (mut offset, mut start) = (0, PageStart::Offset(0));
        for number in 1..=pages {
            let by_cursor = page(&*store, &filter, sort, limit, start).await;
            let by_offset = page(&*store, &filter, sort, limit, PageStart::Offset(offset)).await;
            assert_eq!(by_cursor, by_offset, "page {number} by {limit}");
            assert_eq!(by_cursor.next.is_some(), number < pages, "page {number} by {limit}");
            offset += limit;
            let Some(next) = by_cursor.next else { break };
            start = PageStart::After(next);
        }
    }
}

pub(crate) async fn a_cursor_takes_the_longest_title(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos: Vec<_> = (0..6)
        .map(|n| {
            // The sort key has three characters for each one of the title. Only the last one differs, in pairs, and in
            // another order than the ids.
            let text = "\u{1d160}".repeat(Title::MAX - 1) + ["Y", "𠮷", "x"][n as usize / 2];
            with_title(n, owner, title(&text))
        })
        .collect();
    add_memos(&*store, &memos).await;
    for sort in MemoSort::ALL {
        let expected = in_order(memos.clone(), sort);
        let mut start = PageStart::Offset(0);
        for memo in expected {
            let page = page(&*store, &MemoFilter::of(owner), sort, 1, start).await;
            assert_eq!(page.items.first().map(|view| view.memo.id), Some(memo.id), "{sort:?}");
            start = PageStart::After(cursor_of(&memo, sort));
        }
    }
}
