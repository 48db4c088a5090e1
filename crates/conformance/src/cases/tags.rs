use std::sync::Arc;

use memo_domain::{Access, Memo, MemoFilter, MemoId, Store, Tag, TagCount, Tags, UserId};

use crate::{
    samples::{at, memo, tag, tags, user_id},
    steps::{add_memos, add_user, begin, commit, ids},
};

async fn tag_list(store: &dyn Store, owner: UserId) -> Vec<TagCount> {
    begin(store, Access::Read).await.memos().list_tags(owner, None, 1_000).await.expect("tags are counted")
}

async fn memos_with_tag(store: &dyn Store, owner: UserId, wanted: &Tag) -> Vec<MemoId> {
    begin(store, Access::Read).await.memos().find_by_tag(owner, wanted, None, 1_000).await.expect("memos are found")
}

/// The tag list that a user with these memos must have.
fn expected(owner: UserId, memos: &[Memo]) -> Vec<TagCount> {
    let filter = MemoFilter::of(owner);
    let memos = memos.iter().filter(|memo| filter.matches(memo));
    TagCount::join(memos.flat_map(|memo| &memo.state.tags).map(|tag| (tag.clone(), 1)))
}

/// The tag list as plain values, for comparison with literals.
fn shown(counts: &[TagCount]) -> Vec<(&str, u64)> {
    counts.iter().map(|one| (one.tag.as_str(), one.count)).collect()
}

/// Compares the tag list, and the memos found by each tag, with the memos themselves.
async fn check(store: &dyn Store, owner: UserId, memos: &[Memo]) {
    assert_eq!(tag_list(store, owner).await, expected(owner, memos));
    for wanted in memos.iter().flat_map(|memo| &memo.state.tags) {
        let filter = MemoFilter { tags: vec![wanted.clone()], ..MemoFilter::of(owner) };
        let mut matching = ids(memos.iter().filter(|memo| filter.matches(memo)));
        matching.sort_unstable();
        assert_eq!(memos_with_tag(store, owner, wanted).await, matching, "{wanted:?}");
    }
}

/// One memo for each group of tags.
fn tagged(owner: UserId, groups: &[&[&str]]) -> Vec<Memo> {
    let with = |n, group: &&[&str]| {
        let mut memo = memo(n, owner);
        memo.state.tags = tags(group.iter().copied());
        memo
    };
    (0..).zip(groups).map(|(n, group)| with(n, group)).collect()
}

pub(crate) async fn tags_are_counted(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut memos =
        tagged(owner, &[&["Work", "home"], &["work"], &[], &["work", "한글", "zoo"], &["WORK"], &["WORK", "gone"]]);
    memos[1].state.archived = true;
    memos[5].deleted_at = Some(at(1));
    add_memos(&*store, &memos).await;
    // Each tag once, in its most common spelling. The trash does not count.
    let counts = tag_list(&*store, owner).await;
    assert_eq!(shown(&counts), [("home", 1), ("work", 4), ("zoo", 1), ("한글", 1)]);
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let seen = begin(&*store, access).await.memos().list_tags(owner, None, 1_000).await.expect("tags are counted");
        assert_eq!(seen, counts, "{access:?}");
    }
    check(&*store, owner, &memos).await;
    assert_eq!(tag_list(&*store, user_id(9)).await, [], "an unknown user has none");
}

pub(crate) async fn tags_are_counted_per_user(store: Arc<dyn Store>) {
    let (one, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos = tagged(one, &[&["Work"], &["Work", "mine"], &["WORK", "work"], &["theirs", "work"]]);
    for memo in &mut memos[2..] {
        // Public memos are counted for their owner only.
        (memo.owner_id, memo.state.visibility) = (other, memo_domain::Visibility::Public);
    }
    add_memos(&*store, &memos).await;
    assert_eq!(shown(&tag_list(&*store, one).await), [("mine", 1), ("Work", 2)]);
    for owner in [one, other] {
        check(&*store, owner, &memos).await;
    }
    assert_eq!(memos_with_tag(&*store, one, &tag("theirs")).await, []);
}

pub(crate) async fn awkward_tags_are_counted(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    // Many collations treat some of these as equal, and sort them differently.
    let texts = [
        "resume",
        "résumé",
        "Résumé",
        "ss",
        "ß",
        "SS",
        "が",
        "か",
        "カ",
        "ｶ",
        "𝒜",
        "a",
        "A",
        "①",
        "1",
        "👩",
        "👨",
        "ΣΑΣ",
        "σασ",
        "σας",
        "İ",
        "i",
        "I",
        "100%",
        "1000",
        "a_b",
        "a/b",
        "a b",
        "a-b",
        "'",
        "\"",
        "\\",
        "$1",
        "?",
        "null",
        "0",
        "한글",
        "한",
        "\u{fffd}",
        "\u{10ffff}",
        "~",
    ];
    let mut groups: Vec<_> = texts.iter().map(std::slice::from_ref).collect();
    groups.extend([&texts[..20], &texts[20..40]]);
    let mut memos = tagged(owner, &groups);
    // The longest texts and keys possible.
    for longest in ["𠮷", "İ", "ﬃ", "\u{1d160}", "x"] {
        let mut memo = memo(u32::try_from(memos.len()).expect("few memos"), owner);
        let matching = (1..=Tag::MAX).rev().find_map(|length| Tag::new(longest.repeat(length)).ok());
        memo.state.tags = Tags::new(matching).expect("one tag");
        memos.push(memo);
    }
    add_memos(&*store, &memos).await;
    check(&*store, owner, &memos).await;
}

pub(crate) async fn tag_counts_follow_changes(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut memos = tagged(owner, &[&["a", "b"], &["B", "c"], &["B"]]);
    add_memos(&*store, &memos).await;
    check(&*store, owner, &memos).await;
    let steps: [fn(&mut Memo); 6] = [
        |memo| memo.state.tags = tags(["b", "A", "d"]),
        |memo| memo.deleted_at = Some(at(1)),
        |memo| memo.state.tags = tags(["b"]),
        |memo| memo.deleted_at = None,
        |memo| memo.state.archived = true,
        |memo| memo.state.tags = Tags::default(),
    ];
    for step in steps {
        let from = memos[0].version;
        let mut changed = memos.clone();
        step(&mut changed[0]);
        changed[0].version = from.next();
        for stored in [false, true] {
            let mut uow = begin(&*store, Access::Write).await;
            uow.memos().update(&changed[0], from, Some(&changed[0].search_text())).await.expect("the memo is changed");
            let seen = uow.memos().list_tags(owner, None, 1_000).await.expect("tags are counted");
            assert_eq!(seen, expected(owner, &changed), "a unit of work sees its own writes");
            if stored {
                commit(uow).await;
                memos.clone_from(&changed);
            } else {
                drop(uow);
            }
            check(&*store, owner, &memos).await;
        }
    }
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().remove(memos[1].id, memos[1].version).await.expect("the memo is removed");
    commit(uow).await;
    memos.remove(1);
    check(&*store, owner, &memos).await;
    assert_eq!(shown(&tag_list(&*store, owner).await), [("B", 1)]);
}

pub(crate) async fn tags_are_listed_in_pages(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos = tagged(
        owner,
        &[
            &["Work", "b", "가", "a\"b"],
            &["work", "B", "Zoo"],
            &["WORK", "나", "\u{1d160}"],
            &["x", "\u{10ffff}", "é"],
            &["gone"],
        ],
    );
    memos[4].deleted_at = Some(at(1));
    add_memos(&*store, &memos).await;
    let all = expected(owner, &memos);
    let page = async |owner, after: Option<Tag>, limit| {
        let mut uow = begin(&*store, Access::Read).await;
        uow.memos().list_tags(owner, after.as_ref(), limit).await.expect("tags are counted")
    };
    for limit in [0, 1, 3, 100] {
        let mut after = None;
        for rest in (0..=all.len()).map(|from| &all[from..]) {
            let most = rest.len().min(limit as usize);
            assert_eq!(page(owner, after.clone(), limit).await, rest[..most], "{limit} after {after:?}");
            after = rest.first().map(|one| Tag::new(one.tag.as_str().to_uppercase()).expect("a valid tag"));
        }
    }
    assert_eq!(page(owner, Some(tag("xy")), 1).await[0].tag, tag("Zoo"), "no memo has the tag");
    assert_eq!(page(other, None, 100).await, []);
}

pub(crate) async fn distinct_tags_are_counted(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos = tagged(owner, &[&["Work", "a"], &["work", "b", "gone"], &["b"], &["trashed", "a"]]);
    memos[3].deleted_at = Some(at(1));
    add_memos(&*store, &memos).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert_eq!(uow.memos().count_tags(owner).await.expect("a count"), 4);
    assert_eq!(uow.memos().count_tags(other).await.expect("a count"), 0);
    for (tags, expected) in [
        (&["WORK", "a", "b", "gone"][..], true),
        (&["work", "trashed"], false),
        (&["wor"], false),
        (&["a"], true),
        (&[], true),
    ] {
        let tags: Vec<_> = tags.iter().map(|text| tag(text)).collect();
        assert_eq!(uow.memos().has_tags(owner, &tags).await.expect("an answer"), expected, "{tags:?}");
        assert_eq!(uow.memos().has_tags(other, &tags).await.expect("an answer"), tags.is_empty());
    }
    let mut changed = memos[1].clone();
    (changed.state.tags, changed.version) = (tags(["new", "work"]), changed.version.next());
    uow.memos().update(&changed, memos[1].version, None).await.expect("it is changed");
    assert_eq!(uow.memos().count_tags(owner).await.expect("a count"), 4, "a unit of work sees its own writes");
    assert!(uow.memos().has_tags(owner, &[tag("new")]).await.expect("an answer"));
    assert!(!uow.memos().has_tags(owner, &[tag("gone")]).await.expect("an answer"));
}

pub(crate) async fn a_tag_is_found_with_its_count(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos = tagged(owner, &[&["Work", "home"], &["work"], &["work", "works"], &["home", "gone"]]);
    memos[3].deleted_at = Some(at(1));
    add_memos(&*store, &memos).await;
    let mut uow = begin(&*store, Access::Read).await;
    let mut find = async |owner, text| {
        let found = uow.memos().find_tag(owner, &tag(text)).await.expect("a tag is found");
        found.map(|found| (found.tag.as_str().to_owned(), found.count))
    };
    assert_eq!(find(owner, "WORK").await, Some(("work".to_owned(), 3)));
    assert_eq!(find(owner, "home").await, Some(("home".to_owned(), 1)));
    for absent in ["gone", "wor", "%"] {
        assert_eq!(find(owner, absent).await, None, "{absent}");
    }
    assert_eq!(find(other, "work").await, None);
}

pub(crate) async fn memos_are_found_by_their_tag(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    // More than a page. The order of ids differs from the order of creation.
    let groups: Vec<&[&str]> =
        (0..250).map(|n| [&["Work"][..], &["home", "wORK"], &["home"], &[], &["works"]][n % 5]).collect();
    let mut memos = tagged(owner, &groups);
    for memo in memos.iter_mut().step_by(3) {
        memo.state.archived = true;
    }
    for memo in memos.iter_mut().step_by(7) {
        memo.deleted_at = Some(at(1));
    }
    add_memos(&*store, &memos).await;
    check(&*store, owner, &memos).await;
    let all = memos_with_tag(&*store, owner, &tag("work")).await;
    for (after, limit) in [(None, 7), (Some(0), 7), (Some(30), 100), (Some(84), 1), (None, 0)] {
        let rest = &all[after.map_or(0, |place: usize| place + 1)..];
        let after = after.map(|place| all[place]);
        let mut uow = begin(&*store, Access::Read).await;
        let some = uow.memos().find_by_tag(owner, &tag("work"), after, limit).await.expect("memos are found");
        assert_eq!(some, rest[..rest.len().min(limit as usize)], "{limit} after {after:?}");
    }
    assert_eq!(memos_with_tag(&*store, owner, &tag("work")).await.len(), 85);
    for nothing in ["wor", "%", "_ork", "ẅork", "work_", "absent"] {
        assert_eq!(memos_with_tag(&*store, owner, &tag(nothing)).await, [], "{nothing}");
    }
    assert_eq!(memos_with_tag(&*store, user_id(9), &tag("work")).await, [], "an unknown user has none");
}
