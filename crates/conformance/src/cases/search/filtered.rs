//! Search combined with the other criteria of a filter.

use std::sync::Arc;

use memo_domain::{Memo, MemoFilter, MemoScope, MemoSort, Store, UserId, Visibility};

use super::{Fixture, query, text_memo};
use crate::{
    samples::{at, tag, tags},
    steps::{BY_CHANGE, add_memos, add_user},
};

const TEXTS: [(&str, &str); 5] = [
    ("주간회의록", "Work in progress"),
    ("weekly", "회의 and 회의록, work"),
    ("회의", "-"),
    ("other", "Straße und Weg"),
    ("work", "워크"),
];

/// A memo for every combination of text, owner and state, several times, with repeating times.
fn memos(owner: UserId, other: UserId) -> Vec<Memo> {
    let groups: [&[&str]; 3] = [&[], &["Work"], &["회의", "work"]];
    let visibilities = [Visibility::Private, Visibility::Public];
    (0..160)
        .map(|n| {
            let mut memo = text_memo(n, if n % 3 == 0 { other } else { owner }, TEXTS[n as usize % 5]);
            memo.state.archived = n / 2 % 2 == 0;
            memo.state.pinned = n / 4 % 2 == 0;
            memo.state.visibility = visibilities[n as usize / 8 % 2];
            memo.deleted_at = (n / 16 % 3 == 0).then_some(at(9));
            memo.state.tags = tags(groups[n as usize / 7 % 3].iter().copied());
            memo.created_at = at(i64::from(n % 7));
            memo.updated_at = at(i64::from(n % 11));
            memo
        })
        .collect()
}

pub(crate) async fn a_search_combines_with_the_rest_of_its_filter(store: Arc<dyn Store>) {
    let (viewer, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let fixture = Fixture { store, viewer, memos: memos(viewer, other) };
    add_memos(&*fixture.store, &fixture.memos).await;
    let mut found = 0;
    for text in ["회의", "work", "회의 work", "회의 -work", "-회의", "\"회의 and\"", "strasse", "없는말", "의"]
    {
        let all = MemoFilter { search: query(text), ..MemoFilter::of(viewer) };
        let public = MemoFilter { scope: MemoScope::Public, ..all.clone() };
        let trash = MemoFilter { trashed: true, ..all.clone() };
        for filter in [
            MemoFilter { tags: vec![tag("WORK")], ..all.clone() },
            MemoFilter { tags: vec![tag("회의"), tag("Work")], ..all.clone() },
            MemoFilter { tags: vec![tag("없는말")], ..all.clone() },
            MemoFilter { archived: Some(true), ..all.clone() },
            MemoFilter { archived: Some(false), pinned: Some(true), ..all.clone() },
            MemoFilter { pinned: Some(false), visibility: Some(Visibility::Public), ..all.clone() },
            MemoFilter { visibility: Some(Visibility::Private), ..all.clone() },
            MemoFilter { created_after: Some(at(1)), created_before: Some(at(5)), ..all.clone() },
            MemoFilter { updated_after: Some(at(2)), updated_before: Some(at(9)), ..all.clone() },
            MemoFilter { updated_before: Some(at(6)), tags: vec![tag("work")], pinned: Some(true), ..all.clone() },
            MemoFilter { tags: vec![tag("work")], archived: Some(false), ..public.clone() },
            MemoFilter { created_after: Some(at(2)), ..public.clone() },
            MemoFilter { viewer: other, ..public.clone() },
            MemoFilter { viewer: crate::samples::user_id(9), ..public.clone() },
            MemoFilter { trashed: true, ..public.clone() },
            MemoFilter { visibility: Some(Visibility::Private), ..public.clone() },
            MemoFilter { tags: vec![tag("회의")], ..trash.clone() },
            MemoFilter { viewer: other, ..all.clone() },
            MemoFilter { viewer: other, ..trash.clone() },
            MemoFilter { viewer: crate::samples::user_id(9), ..all.clone() },
            all,
            public,
            trash,
        ] {
            let sort = MemoSort::ALL[found % MemoSort::ALL.len()];
            found += fixture.check_filter(&filter, sort).await;
        }
    }
    assert!(found > 500, "{found} memos are found in total");
}

pub(crate) async fn a_search_is_limited_to_its_user(store: Arc<dyn Store>) {
    // Many users have the same texts, so an index that is queried for all users first must still answer for one.
    let mut memos = Vec::new();
    let mut owners = Vec::new();
    for n in 0..8 {
        let owner = add_user(&*store, n).await;
        owners.push(owner);
        for (number, text) in (n * 20..).zip(TEXTS.into_iter().cycle().take(12 + n as usize % 3)) {
            let mut memo = text_memo(number, owner, text);
            memo.state.visibility = if number % 4 == 0 { Visibility::Public } else { Visibility::Private };
            memos.push(memo);
        }
    }
    add_memos(&*store, &memos).await;
    for viewer in owners {
        let fixture = Fixture { store: Arc::clone(&store), viewer, memos: memos.clone() };
        for text in ["회의", "work -회의", "-work", "\"in progress\""] {
            assert!(fixture.check(text).await > 0, "each user has a memo with {text}");
            let public = MemoFilter { scope: MemoScope::Public, ..fixture.filter(text) };
            fixture.check_filter(&public, BY_CHANGE).await;
        }
    }
}
