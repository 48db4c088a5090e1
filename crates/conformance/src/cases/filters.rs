use std::sync::Arc;

use memo_domain::{Memo, MemoFilter, MemoScope, Store, Tag, UserId, Visibility};

use crate::{
    samples::{EARLIEST, LATEST, at, memo, tag, tags},
    steps::{BY_CHANGE, add_memos, add_user, count, ids, in_order, list},
};

/// Compares a list and its count with the memos that the filter itself matches.
async fn check(store: &dyn Store, all: &[Memo], filter: &MemoFilter) {
    let expected: Vec<_> = all.iter().filter(|memo| filter.matches(memo)).cloned().collect();
    let listed = list(store, filter, BY_CHANGE).await;
    assert_eq!(ids(&listed), ids(&in_order(expected.clone(), BY_CHANGE)), "the list of {filter:?}");
    assert_eq!(count(store, filter).await, expected.len() as u64, "the count of {filter:?}");
}

/// The indices of the memos that have all of the wanted tags.
async fn indices_with_tags(store: &dyn Store, owner: UserId, memos: &[Memo], wanted: &[&str]) -> Vec<usize> {
    let filter = MemoFilter { tags: wanted.iter().map(|text| tag(text)).collect(), ..MemoFilter::of(owner) };
    let listed = ids(&list(store, &filter, BY_CHANGE).await);
    assert_eq!(count(store, &filter).await, listed.len() as u64);
    let found: Vec<_> = (0..memos.len()).filter(|index| listed.contains(&memos[*index].id)).collect();
    assert_eq!(found.len(), listed.len(), "each memo once");
    found
}

/// Inserts one memo for each group of tags.
async fn add_tagged(store: &dyn Store, owner: UserId, groups: &[&[&str]]) -> Vec<Memo> {
    let mut memos: Vec<_> = (0..).zip(groups).map(|(n, _)| memo(n, owner)).collect();
    for (memo, group) in memos.iter_mut().zip(groups) {
        memo.state.tags = tags(group.iter().copied());
    }
    add_memos(store, &memos).await;
    memos
}

pub(crate) async fn a_list_has_the_memos_that_match_its_filter(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let groups: [&[&str]; 3] = [&[], &["Work"], &["home", "work"]];
    let visibilities = [Visibility::Private, Visibility::Public];
    // Every combination of filtered fields, twice, with repeating times.
    let memos: Vec<_> = (0..96_u32)
        .map(|n| {
            let mut memo = memo(n, if n % 2 == 0 { owner } else { other });
            memo.state.archived = n / 2 % 2 == 0;
            memo.state.pinned = n / 4 % 2 == 0;
            memo.state.visibility = visibilities[n as usize / 8 % 2];
            memo.deleted_at = (n / 16 % 2 == 0).then_some(at(9));
            memo.state.tags = tags(groups[n as usize / 32].iter().copied());
            memo.created_at = at(i64::from(n % 5));
            memo.updated_at = at(i64::from(n % 7));
            memo
        })
        .collect();
    add_memos(&*store, &memos).await;

    let flags = [None, Some(false), Some(true)];
    let wanted: [Vec<Tag>; 3] = [vec![], vec![tag("WORK")], vec![tag("work"), tag("Home")]];
    let mut filters = Vec::new();
    for (scope, trashed) in [(MemoScope::Mine, false), (MemoScope::Mine, true), (MemoScope::Public, false)] {
        for (archived, pinned) in flags.iter().flat_map(|archived| flags.map(|pinned| (*archived, pinned))) {
            for visibility in [None, Some(Visibility::Private), Some(Visibility::Public)] {
                let base = MemoFilter::of(owner);
                filters.extend(wanted.clone().map(|tags| MemoFilter {
                    scope,
                    trashed,
                    archived,
                    pinned,
                    visibility,
                    tags,
                    ..base.clone()
                }));
            }
        }
    }
    filters.push(MemoFilter { scope: MemoScope::Public, trashed: true, ..MemoFilter::of(owner) });
    for filter in &filters {
        check(&*store, &memos, filter).await;
    }
    for filter in filters.into_iter().step_by(7) {
        let after = MemoFilter { created_after: Some(at(0)), updated_after: Some(at(1)), ..filter };
        let between = MemoFilter { created_before: Some(at(4)), updated_before: Some(at(5)), ..after.clone() };
        check(&*store, &memos, &after).await;
        check(&*store, &memos, &between).await;
    }
}

pub(crate) async fn a_tag_filter_needs_all_tags_ignoring_case(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let groups: [&[&str]; 6] =
        [&["Work"], &["work", "한글"], &["HOME", "WORK", "Ärger"], &["workshop", "wor", "a work"], &[], &["ΣΑΣ"]];
    let memos = add_tagged(&*store, owner, &groups).await;
    for (wanted, expected) in [
        (&["wORK"][..], &[0, 1, 2][..]),
        (&["work", "home"], &[2]),
        (&["home", "ärger", "work"], &[2]),
        (&["work", "WORK", "Work"], &[0, 1, 2]),
        (&["\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"], &[1]),
        (&["work", "absent"], &[]),
        (&["σασ"], &[5]),
        (&[], &[0, 1, 2, 3, 4, 5]),
    ] {
        assert_eq!(indices_with_tags(&*store, owner, &memos, wanted).await, expected, "{wanted:?}");
    }
}

pub(crate) async fn a_tag_filter_has_no_wildcards(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let texts = [
        "100%", "1000", "100", "%", "a_b", "axb", "_", r"a\b", "ab", r"\", "*", "?", ".", ".*", "[ab]", "a", "'", "\"",
        "a,b", "b", "a b", "{a}", "null", "$1",
    ];
    let groups: Vec<_> = texts.iter().map(std::slice::from_ref).collect();
    let memos = add_tagged(&*store, owner, &groups).await;
    for (n, text) in texts.iter().enumerate() {
        assert_eq!(indices_with_tags(&*store, owner, &memos, &[text]).await, [n], "{text}");
    }
}

pub(crate) async fn a_tag_filter_distinguishes_accents(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    // Many collations treat some of these as equal, and reject them on one memo.
    let texts = ["resume", "résumé", "ss", "s", "が", "か", "カ", "ｶ", "𝒜", "a", "①", "1", "👩", "👨"];
    let mut groups: Vec<_> = texts.iter().map(std::slice::from_ref).collect();
    groups.push(&texts);
    let memos = add_tagged(&*store, owner, &groups).await;
    for (n, text) in texts.iter().enumerate() {
        assert_eq!(indices_with_tags(&*store, owner, &memos, &[text]).await, [n, texts.len()], "{text}");
    }
}

pub(crate) async fn time_bounds_are_exclusive(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos: Vec<_> = (0..5)
        .map(|n| {
            let mut memo = memo(n, owner);
            memo.created_at = at(i64::from(n));
            memo.updated_at = at(i64::from(n) + 10);
            memo
        })
        .collect();
    add_memos(&*store, &memos).await;
    let all = MemoFilter::of(owner);
    for (filter, expected) in [
        (MemoFilter { created_after: Some(at(2)), ..all.clone() }, &[3, 4][..]),
        (MemoFilter { created_before: Some(at(2)), ..all.clone() }, &[0, 1]),
        (MemoFilter { updated_after: Some(at(12)), ..all.clone() }, &[3, 4]),
        (MemoFilter { updated_before: Some(at(12)), ..all.clone() }, &[0, 1]),
        (MemoFilter { created_after: Some(at(1)), created_before: Some(at(3)), ..all.clone() }, &[2]),
        (MemoFilter { updated_after: Some(at(11)), updated_before: Some(at(12)), ..all.clone() }, &[]),
        (MemoFilter { created_after: Some(at(0)), updated_before: Some(at(13)), ..all }, &[1, 2]),
    ] {
        let mut found = list(&*store, &filter, BY_CHANGE).await;
        found.reverse();
        let expected: Vec<_> = expected.iter().map(|n| memos[*n].id).collect();
        assert_eq!(ids(&found), expected, "{filter:?}");
        check(&*store, &memos, &filter).await;
    }
}

pub(crate) async fn time_bounds_may_be_the_minimum_and_maximum(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos = [memo(0, owner), Memo { created_at: LATEST, updated_at: LATEST, ..memo(1, owner) }];
    add_memos(&*store, &memos).await;
    let all = MemoFilter::of(owner);
    for filter in [
        MemoFilter { created_after: Some(EARLIEST), updated_after: Some(EARLIEST), ..all.clone() },
        MemoFilter { created_before: Some(LATEST), updated_before: Some(LATEST), ..all.clone() },
        MemoFilter { created_after: Some(LATEST), ..all.clone() },
        MemoFilter { updated_before: Some(EARLIEST), ..all },
    ] {
        check(&*store, &memos, &filter).await;
    }
}

pub(crate) async fn the_public_scope_has_public_memos_of_all_users(store: Arc<dyn Store>) {
    let (viewer, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let make = |n, owner, visibility, trashed: bool| {
        let mut memo = memo(n, owner);
        memo.state.visibility = visibility;
        memo.deleted_at = trashed.then_some(at(1));
        memo
    };
    let memos = [
        make(0, viewer, Visibility::Public, false),
        make(1, other, Visibility::Public, false),
        make(2, viewer, Visibility::Public, true),
        make(3, other, Visibility::Public, true),
        make(4, viewer, Visibility::Private, false),
        make(5, other, Visibility::Private, false),
    ];
    add_memos(&*store, &memos).await;
    let public = MemoFilter { scope: MemoScope::Public, ..MemoFilter::of(viewer) };
    let found = ids(&list(&*store, &public, BY_CHANGE).await);
    assert_eq!(found.len(), 2);
    assert!(memos[..2].iter().all(|memo| found.contains(&memo.id)));
    assert_eq!(count(&*store, &public).await, 2);
    for nothing in
        [MemoFilter { trashed: true, ..public.clone() }, MemoFilter { visibility: Some(Visibility::Private), ..public }]
    {
        assert_eq!(list(&*store, &nothing, BY_CHANGE).await, []);
        assert_eq!(count(&*store, &nothing).await, 0);
    }
}
