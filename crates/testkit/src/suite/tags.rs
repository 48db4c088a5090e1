//! The tags of a user's memos: counted, renamed, removed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Actor, Response, TestApp,
    suite::{assert_json, changes::changes_after, send_concurrently},
};

/// Creates a memo with these tags and returns its id.
async fn create_tagged(actor: &Actor, title: &str, tags: &[&str]) -> String {
    actor.create_memo(&json!({"title": title, "tags": tags})).await.expect_status(201).id().to_owned()
}

/// The user's tags, each with its number of memos.
pub(super) async fn tag_counts(actor: &Actor) -> Vec<(String, u64)> {
    let list = actor.list_tags().await.expect_status(200);
    let items = list["items"].as_array().expect("a list").iter();
    items
        .map(|item| (item["tag"].as_str().expect("a tag").to_owned(), item["count"].as_u64().expect("a count")))
        .collect()
}

pub(super) fn counts(tags: &[(&str, u64)]) -> Vec<(String, u64)> {
    tags.iter().map(|(tag, count)| ((*tag).to_owned(), *count)).collect()
}

/// The tags of a memo, as spelled there.
async fn tags_of(actor: &Actor, id: &str) -> Value {
    actor.get_memo(id).await.expect_status(200)["tags"].clone()
}

pub async fn tag_list_counts_memos_outside_the_trash(app: TestApp) {
    let alice = app.user("alice").await;
    let none = alice.list_tags().await.expect_status(200).expect_header("cache-control", "private, no-cache");
    assert_eq!(none.json, json!({"items": [], "page": {"limit": 20, "offset": 0, "next_cursor": null}}));
    create_tagged(&alice, "a", &["work", "회의", "Zoo"]).await;
    create_tagged(&alice, "b", &["Apple", "work"]).await;
    let archived = json!({"title": "c", "tags": ["work"], "archived": true, "visibility": "public"});
    alice.create_memo(&archived).await.expect_status(201);
    alice.memo("d").await;
    let trashed = create_tagged(&alice, "e", &["work", "gone"]).await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let list = alice.list_tags().await.expect_status(200);
    assert_json!(list.json, @r#"
    {
      "items": [
        {
          "count": 1,
          "tag": "Apple"
        },
        {
          "count": 3,
          "tag": "work"
        },
        {
          "count": 1,
          "tag": "Zoo"
        },
        {
          "count": 1,
          "tag": "회의"
        }
      ],
      "page": {
        "limit": 20,
        "next_cursor": null,
        "offset": 0
      }
    }
    "#);
    alice.restore_memo(&trashed).await.expect_status(200);
    assert_eq!(tag_counts(&alice).await, counts(&[("Apple", 1), ("gone", 1), ("work", 4), ("Zoo", 1), ("회의", 1)]));
    alice.delete_memo_for_good(&trashed).await.expect_empty(204);
    assert_eq!(alice.list_tags().await.json, list.json);
}

pub async fn tags_are_compared_by_full_case_folding(app: TestApp) {
    let alice = app.user("alice").await;
    for (title, other, one) in [("a", "ΝΕΟΣ", "νεος"), ("b", "STRASSE", "straße"), ("c", "\u{1e9e}", "\u{df}")]
    {
        create_tagged(&alice, title, &[one, other]).await;
        create_tagged(&alice, title, &[other]).await;
        assert_eq!(alice.titles(&[("tag", one)]).await, [title, title], "{one}");
        assert_eq!(alice.titles(&[("tag", other)]).await, [title, title], "{other}");
    }
    assert_eq!(tag_counts(&alice).await, counts(&[("\u{df}", 2), ("STRASSE", 2), ("ΝΕΟΣ", 2)]));
    assert_eq!(
        alice.patch_tag("strasse", "Straße").await.expect_status(200).json,
        json!({"tag": "Straße", "count": 2})
    );
}

pub async fn tag_list_shows_the_most_common_spelling(app: TestApp) {
    let alice = app.user("alice").await;
    create_tagged(&alice, "a", &["WORK"]).await;
    assert_eq!(tag_counts(&alice).await, counts(&[("WORK", 1)]));
    let second = create_tagged(&alice, "b", &["work"]).await;
    assert_eq!(tag_counts(&alice).await, counts(&[("WORK", 2)]), "of equally common spellings the first in byte order");
    create_tagged(&alice, "c", &["work"]).await;
    assert_eq!(tag_counts(&alice).await, counts(&[("work", 3)]));
    alice.delete_memo(&second).await.expect_empty(204);
    assert_eq!(tag_counts(&alice).await, counts(&[("WORK", 2)]));
}

pub async fn unchanged_tag_list_is_not_sent_again(app: TestApp) {
    let alice = app.user("alice").await;
    let id = create_tagged(&alice, "a", &["work"]).await;
    let list = alice.list_tags().await.expect_status(200);
    alice.list_tags().if_none_match(list.tag()).await.expect_empty(304);
    alice.patch_memo(&id, &json!({"content": "b"})).await.expect_status(200);
    alice.list_tags().if_none_match(list.tag()).await.expect_empty(304);
    alice.patch_memo(&id, &json!({"tags": ["home"]})).await.expect_status(200);
    let changed = alice.list_tags().if_none_match(list.tag()).await.expect_status(200);
    assert_eq!(changed["items"], json!([{"tag": "home", "count": 1}]));
}

pub async fn tags_are_separate_per_user(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let alice_memo = json!({"title": "a", "tags": ["work", "hers"], "visibility": "public"});
    let alice_memo = alice.create_memo(&alice_memo).await.expect_status(201);
    let bob_memo = create_tagged(&bob, "b", &["Work", "his"]).await;
    assert_eq!(tag_counts(&alice).await, counts(&[("hers", 1), ("work", 1)]));
    assert_eq!(tag_counts(&bob).await, counts(&[("his", 1), ("Work", 1)]));
    bob.patch_tag("hers", "mine").await.expect_status(404).problem("not_found");
    bob.delete_tag("hers").await.expect_status(404).problem("not_found");
    let renamed = bob.patch_tag("work", "job").await.expect_status(200);
    assert_eq!(renamed.json, json!({"tag": "job", "count": 1}));
    bob.delete_tag("his").await.expect_empty(204);
    assert_eq!(tags_of(&bob, &bob_memo).await, json!(["job"]));
    assert_eq!(alice.get_memo(alice_memo.id()).await.json, alice_memo.json);
    assert_eq!(changes_after(&alice, 0).await.len(), 1);
}

pub async fn renaming_a_tag_updates_every_memo_with_it(app: TestApp) {
    let alice = app.user("alice").await;
    let one = create_tagged(&alice, "a", &["first", "Work", "last"]).await;
    let body = json!({
        "title": "b", "content": "text", "tags": ["WORK"], "pinned": true, "archived": true, "visibility": "public",
        "remind_at": "2026-01-31T10:00:00Z",
    });
    let two = alice.create_memo(&body).await.expect_status(201);
    let other = alice.create_memo(&json!({"title": "c", "tags": ["works", "first"]})).await.expect_status(201);
    // The reminder is past by now. An unchanged reminder need not be in the future.
    app.clock.advance(Duration::from_hours(2));
    let alice = alice.with_scope("").await;
    let before = changes_after(&alice, 0).await.len();

    let renamed = alice.patch_tag("wORK", "  프로젝트 ").await.expect_status(200);
    assert_eq!(renamed.json, json!({"tag": "프로젝트", "count": 2}));
    assert_eq!(tags_of(&alice, &one).await, json!(["first", "프로젝트", "last"]));
    let mut expected = two.json.clone();
    (expected["tags"], expected["version"], expected["updated_at"]) = (json!(["프로젝트"]), json!(2), json!(app.now()));
    let renamed = alice.get_memo(two.id()).await.expect_status(200);
    assert_eq!(renamed.json, expected);
    assert_ne!(renamed.tag(), two.tag());
    assert_eq!(alice.get_memo(other.id()).await.json, other.json, "a memo without the tag is unchanged");

    let mut changes = changes_after(&alice, before as u64).await;
    changes.sort();
    let mut updated = [one.as_str(), two.id()].map(|id| ("memo.updated".to_owned(), id.to_owned(), 2));
    updated.sort();
    assert_eq!(changes, updated);
    let last = alice.changes(before as u64).await.expect_status(200);
    assert_eq!(last["items"][1]["at"], app.now());
    assert_eq!(tag_counts(&alice).await, counts(&[("first", 2), ("last", 1), ("works", 1), ("프로젝트", 2)]));
    assert_eq!(alice.titles(&[("tag", "프로젝트"), ("archived", "true")]).await, ["b"]);
    assert_eq!(alice.titles(&[("tag", "work")]).await, Vec::<String>::new());
}

pub async fn renaming_to_an_existing_tag_merges_both(app: TestApp) {
    let alice = app.user("alice").await;
    let mut memos = Vec::new();
    for tags in [&["job", "a", "WORK"][..], &["work", "a", "JOB"], &["job"], &["work"], &["WORK", "job"]] {
        memos.push(create_tagged(&alice, "a", tags).await);
    }
    let untouched = alice.get_memo(&memos[3]).await.expect_status(200);
    let merged = alice.patch_tag("Job", "Work").await.expect_status(200);
    // The count includes the memo that already had the tag, in whatever spelling.
    assert_eq!(merged.json, json!({"tag": "Work", "count": 5}));
    assert_eq!(tag_counts(&alice).await, counts(&[("a", 2), ("Work", 5)]));
    let expected = [json!(["Work", "a"]), json!(["Work", "a"]), json!(["Work"]), json!(["work"]), json!(["Work"])];
    for (id, tags) in memos.iter().zip(expected) {
        assert_eq!(tags_of(&alice, id).await, tags);
    }
    assert_eq!(alice.get_memo(&memos[3]).await.json, untouched.json);
    assert_eq!(changes_after(&alice, 5).await.len(), 4);
}

pub async fn renaming_can_change_the_spelling_only(app: TestApp) {
    let alice = app.user("alice").await;
    let one = create_tagged(&alice, "a", &["x", "work"]).await;
    let two = create_tagged(&alice, "b", &["WORK", "y"]).await;
    let already = create_tagged(&alice, "c", &["Work"]).await;
    let renamed = alice.patch_tag("work", "Work").await.expect_status(200);
    assert_eq!(renamed.json, json!({"tag": "Work", "count": 3}));
    for (id, tags, version) in
        [(&one, json!(["x", "Work"]), 2), (&two, json!(["Work", "y"]), 2), (&already, json!(["Work"]), 1)]
    {
        let memo = alice.get_memo(id).await.expect_status(200);
        assert_eq!((&memo["tags"], &memo["version"]), (&tags, &json!(version)));
    }
    assert_eq!(changes_after(&alice, 3).await.len(), 2, "a memo that already has this spelling is not changed");
    // Renaming again changes nothing.
    let again = alice.patch_tag("WORK", "Work").await.expect_status(200);
    assert_eq!(again.json, renamed.json);
    assert_eq!(changes_after(&alice, 5).await, []);
}

pub async fn empty_tag_patch_changes_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    create_tagged(&alice, "a", &["Work"]).await;
    let target = "/api/v1/tags/work";
    let response = alice.call("PATCH", target).merge_patch(&json!({})).await.expect_status(200);
    assert_eq!(response.json, json!({"tag": "Work", "count": 1}));
    alice.call("PATCH", "/api/v1/tags/absent").merge_patch(&json!({})).await.expect_status(404).problem("not_found");
    assert_eq!(changes_after(&alice, 1).await, []);
    // Plain JSON is accepted as a patch, too.
    alice.call("PATCH", target).json(&json!({"tag": "job"})).await.expect_status(200);
}

/// Tags, each with equivalent forms of it in the path.
const FORMS: [(&str, &[&str]); 12] = [
    ("Work", &["work", "WORK", "%77ork", "%20Work%20"]),
    (
        "주간회의",
        &[
            "주간회의",
            "%EC%A3%BC%EA%B0%84%ED%9A%8C%EC%9D%98",
            "\u{110c}\u{116e}\u{1100}\u{1161}\u{11ab}\u{1112}\u{116c}\u{110b}\u{1174}",
        ],
    ),
    ("caf\u{e9}", &["caf%C3%A9", "cafe%CC%81", "CAFE\u{301}"]),
    ("a/b", &["a%2Fb", "A%2fB"]),
    ("100%", &["100%25"]),
    ("%2F", &["%252F", "%252f"]),
    ("a+b c", &["a+b%20c", "a%2Bb%20c"]),
    ("?#;&=", &["%3F%23;&=", "%3f%23%3b%26%3d"]),
    ("..", &["%20..", "..%20"]),
    (".", &["%20."]),
    ("👩\u{200d}👩", &["👩\u{200d}👩"]),
    ("{tag}", &["%7Btag%7D"]),
];

pub async fn any_tag_can_be_addressed_in_the_path(app: TestApp) {
    let alice = app.user("alice").await;
    for (tag, forms) in FORMS {
        for form in forms {
            let id = create_tagged(&alice, "a", &[tag]).await;
            let target = format!("/api/v1/tags/{form}");
            let renamed = alice.call("PATCH", &target).merge_patch(&json!({"tag": "x"})).await.expect_status(200);
            assert_eq!(renamed.json, json!({"tag": "x", "count": 1}), "{form}");
            alice.patch_memo(&id, &json!({"tags": [tag]})).await.expect_status(200);
            alice.call("DELETE", &target).await.expect_empty(204);
            assert_eq!(tags_of(&alice, &id).await, json!([]), "{form}");
            alice.delete_memo_for_good(&id).await.expect_empty(204);
        }
    }
    // The longest tag, at four bytes per character.
    let longest = "𠮷".repeat(50);
    let id = create_tagged(&alice, "a", &[&longest]).await;
    alice.patch_tag(&longest, "가").await.expect_status(200);
    assert_eq!(tags_of(&alice, &id).await, json!(["가"]));
    // And back to it.
    assert_eq!(alice.patch_tag("가", &longest).await.expect_status(200)["tag"], longest);
}

pub async fn unknown_or_invalid_tag_is_not_found(app: TestApp) {
    let alice = app.user("alice").await;
    create_tagged(&alice, "a", &["work", "\u{fffd}", "a b"]).await;
    let long = "x".repeat(51);
    for form in ["absent", "wor", "w_rk", "%25", "wo%72", "%FF", "work%00", "wo%0Ark", "%20", "%E3%80%80", "a+b", &long]
    {
        let target = format!("/api/v1/tags/{form}");
        let patch = alice.call("PATCH", &target).merge_patch(&json!({"tag": "x"})).await;
        let (patch, delete) = (patch.expect_status(404), alice.call("DELETE", &target).await.expect_status(404));
        for response in [patch, delete] {
            response.problem("not_found");
        }
    }
    for target in ["/api/v1/tags/", "/api/v1/tags/home/", "/api/v1/tags/a/b"] {
        alice.call("DELETE", target).await.expect_status(404).problem("not_found");
    }
    assert_eq!(changes_after(&alice, 1).await, []);
}

pub async fn trashed_memos_keep_their_tags(app: TestApp) {
    let alice = app.user("alice").await;
    let kept = create_tagged(&alice, "a", &["work", "home"]).await;
    let trashed = create_tagged(&alice, "b", &["work", "old"]).await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let before = alice.get_memo(&trashed).await.expect_status(200);
    assert_eq!(alice.patch_tag("work", "job").await.expect_status(200)["count"], 1);
    alice.delete_tag("home").await.expect_empty(204);
    // A tag that only trashed memos have does not exist for this operation.
    for absent in ["old", "work"] {
        alice.patch_tag(absent, "x").await.expect_status(404).problem("not_found");
        alice.delete_tag(absent).await.expect_status(404).problem("not_found");
    }
    assert_eq!(tags_of(&alice, &kept).await, json!(["job"]));
    assert_eq!(alice.get_memo(&trashed).await.json, before.json);
    alice.restore_memo(&trashed).await.expect_status(200);
    assert_eq!(tag_counts(&alice).await, counts(&[("job", 1), ("old", 1), ("work", 1)]));
    alice.patch_tag("work", "job").await.expect_status(200);
    assert_eq!(tags_of(&alice, &trashed).await, json!(["job", "old"]));
}

pub async fn removing_a_tag_updates_every_memo_with_it(app: TestApp) {
    let alice = app.user("alice").await;
    let one = create_tagged(&alice, "a", &["first", "Work", "last"]).await;
    let two = alice.create_memo(&json!({"title": "b", "content": "text", "tags": ["WORK"]})).await.expect_status(201);
    let other = alice.create_memo(&json!({"title": "c", "tags": ["works"]})).await.expect_status(201);
    app.clock.advance(Duration::from_secs(1));
    alice.delete_tag("work").await.expect_empty(204);
    assert_eq!(tags_of(&alice, &one).await, json!(["first", "last"]));
    let mut expected = two.json.clone();
    (expected["tags"], expected["version"], expected["updated_at"]) = (json!([]), json!(2), json!(app.now()));
    assert_eq!(alice.get_memo(two.id()).await.json, expected);
    assert_eq!(alice.get_memo(other.id()).await.json, other.json);
    let changes = changes_after(&alice, 3).await;
    assert!(changes.len() == 2 && changes.iter().all(|(kind, _, version)| kind == "memo.updated" && *version == 2));
    alice.delete_tag("work").await.expect_status(404).problem("not_found");
    assert_eq!(tag_counts(&alice).await, counts(&[("first", 1), ("last", 1), ("works", 1)]));
}

pub async fn invalid_new_tag_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let id = create_tagged(&alice, "a", &["work"]).await;
    let long = "가".repeat(51);
    for (value, code) in [
        (json!(""), "too_short"),
        (json!("  \u{3000} "), "too_short"),
        (json!(long), "too_long"),
        (json!("a\nb"), "control_character"),
        (json!("a\0"), "nul_character"),
        (json!(null), "required"),
        (json!(7), "wrong_type"),
        (json!(["a"]), "wrong_type"),
        (json!({"tag": "a"}), "wrong_type"),
    ] {
        let patch = alice.call("PATCH", "/api/v1/tags/work").merge_patch(&json!({"tag": value}));
        patch.await.expect_status(422).invalid("/tag", code);
    }
    let patch = alice.call("PATCH", "/api/v1/tags/work").merge_patch(&json!({"tag": "x", "count": 7}));
    patch.await.expect_status(422).invalid("/count", "unknown_member");
    // The value is validated before the tag is looked up.
    alice.patch_tag("absent", "").await.invalid("/tag", "too_short");
    assert_eq!(alice.get_memo(&id).await["version"], 1);
}

pub async fn renaming_a_tag_of_hundreds_of_memos_is_atomic(app: TestApp) {
    const MEMOS: usize = 300;
    let alice = app.user("alice").await;
    for n in 0..MEMOS / 100 {
        let memo = |m| json!({"op": "create", "memo": {"title": format!("{n} {m}"), "tags": ["Work", "rest"]}});
        alice.batch(&(0..100).map(memo).collect()).await.expect_status(200);
    }
    let renamed = alice.patch_tag("work", "job").await.expect_status(200);
    assert_eq!(renamed.json, json!({"tag": "job", "count": MEMOS}));
    assert_eq!(tag_counts(&alice).await, counts(&[("job", MEMOS as u64), ("rest", MEMOS as u64)]));
    let list = alice.list_memos(&[("tag", "job"), ("limit", "1"), ("include_total", "true")]).await;
    assert_eq!((&list["total"], &list["items"][0]["version"]), (&json!(MEMOS), &json!(2)));
    let mut since = MEMOS as u64;
    while since < 2 * MEMOS as u64 {
        let page = changes_after(&alice, since).await;
        assert!(page.iter().all(|(kind, _, version)| kind == "memo.updated" && *version == 2));
        since += page.len() as u64;
    }
    assert_eq!(changes_after(&alice, since).await, []);
    alice.delete_tag("job").await.expect_empty(204);
    assert_eq!(tag_counts(&alice).await, counts(&[("rest", MEMOS as u64)]));
}

pub async fn concurrent_renames_and_changes_all_apply(app: TestApp) {
    let alice = app.user("alice").await;
    let mut memos = Vec::new();
    for n in 0..12 {
        memos.push(create_tagged(&alice, &n.to_string(), &["job", "rest"]).await);
    }
    let mut calls: Vec<_> = memos.iter().map(|id| alice.patch_memo(id, &json!({"content": "changed"}))).collect();
    calls.insert(3, alice.patch_tag("job", "work"));
    calls.insert(7, alice.patch_tag("rest", "REST"));
    calls.insert(9, alice.delete_memo(&memos[0]));
    let responses: Vec<Response> = send_concurrently(calls).await;
    for response in responses {
        // The deletion may have come first.
        assert!([200, 204].contains(&response.status) || response["code"] == "memo_trashed", "{}", response.status);
    }
    for id in &memos[1..] {
        let memo = alice.get_memo(id).await.expect_status(200);
        assert_eq!((&memo["tags"], &memo["content"]), (&json!(["work", "REST"]), &json!("changed")));
        assert_eq!(memo["version"], 4);
    }
    assert_eq!(tag_counts(&alice).await, counts(&[("REST", 11), ("work", 11)]));
}
