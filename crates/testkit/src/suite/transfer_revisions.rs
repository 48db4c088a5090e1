//! Revisions in exports and imports. These tests start their own apps.

use std::{sync::Arc, time::Duration};

use memo_conformance::TestStore;
use memo_domain::Store;
use memo_memory::MemoryStore;
use serde_json::{Value, json};

use super::transfer::{ID, counts, export, import, line};
use crate::{Actor, TestApp, suite::me::api_keys::created};

/// Another server, with a store of its own.
struct InMemory(Arc<MemoryStore>);

impl TestStore for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

/// The memos and revisions of an export without their owner, in the order of the lines.
async fn lines(user: &Actor) -> Vec<Value> {
    let mut lines = export(user).await;
    lines.retain(|line| line["kind"] == "memo" || line["kind"] == "revision");
    for line in &mut lines {
        line.as_object_mut().expect("an object").remove("owner");
    }
    lines
}

/// The text of a version.
async fn text(user: &Actor, id: &str, version: u32) -> Value {
    user.get(&format!("/api/v1/memos/{id}/revisions/{version}")).await.expect_status(200).json
}

/// A revision in an import, with its whole content.
fn revision(memo: &str, version: u32, content: &str) -> Value {
    json!({
        "kind": "revision", "memo_id": memo, "version": version, "title": format!("title {version}"), "content": content,
        "tags": ["earlier"], "created_at": "2025-01-01T00:00:00Z", "replaced_at": "2025-01-01T00:00:01Z",
        "replaced_by": {"kind": "server", "id": null},
    })
}

/// A memo with this version and content in an import.
fn memo(version: u32, content: &str) -> Value {
    let mut memo = line(ID, "imported");
    memo["version"] = version.into();
    memo["content"] = content.into();
    memo
}

pub async fn revisions_move_to_another_server_and_back(store: Box<dyn TestStore>) {
    let here = TestApp::builder(store).start().await;
    let other = InMemory(Arc::new(MemoryStore::new()));
    let there = TestApp::builder(Box::new(other)).clock(here.clock.clone()).start().await;
    let alice = here.user("alice").await;
    let first = json!({"title": "회의", "content": "각\u{0}".replace('\u{0}', "\r\n"), "tags": ["a"]});
    let id = alice.create_memo(&first).await.expect_status(201).id().to_owned();
    let trashed = alice.memo("trashed").await;
    let key = created(&alice, &["memos:read", "memos:write"]).await;
    let by_key = here.anonymous().with_token(key.text("secret"));
    for (n, content) in ["갂\r\n", "갂", "", "앞 갂 뒤", "\"\\\u{1}"].iter().enumerate() {
        here.clock.advance(Duration::from_secs(1));
        let change = json!({"content": content, "title": format!("제목 {n}"), "tags": [format!("태그 {n}"), "b"]});
        by_key.patch_memo(&id, &change).await.expect_status(200);
        alice.patch_memo(&id, &json!({"pinned": n % 2 == 0})).await.expect_status(200);
    }
    // More revisions than are read at once.
    for n in 0..25 {
        alice.patch_memo(&trashed, &json!({"content": format!("content {n} of a memo")})).await.expect_status(200);
    }
    alice.delete_memo(&trashed).await.expect_empty(204);
    let all = export(&alice).await;
    let before = lines(&alice).await;
    let revisions = before.iter().filter(|line| line["kind"] == "revision").count() as u64;
    assert_eq!(revisions, 30);
    let texts = [text(&alice, &id, 1).await, text(&alice, &id, 5).await, text(&alice, &trashed, 1).await];

    let bob = there.user("bob").await;
    let dry = import(&bob, &all).query(&[("dry_run", "true")]).await.expect_status(200);
    assert_eq!((&dry["revisions"], counts(&dry)[0]), (&json!(30), 2));
    let report = import(&bob, &all).await.expect_status(200);
    assert_eq!((&report["revisions"], counts(&report)[0]), (&json!(30), 2));
    assert_eq!(lines(&bob).await, before);
    // Again, and back into the account that has lost them.
    assert_eq!(import(&bob, &all).await.expect_status(200)["revisions"], 0);
    let moved = export(&bob).await;
    for id in [&id, &trashed] {
        alice.delete_memo_for_good(id).await.expect_empty(204);
    }
    assert_eq!(import(&alice, &moved).await.expect_status(200)["revisions"], 30);
    assert_eq!(lines(&alice).await, before);
    let after = [text(&alice, &id, 1).await, text(&alice, &id, 5).await, text(&alice, &trashed, 1).await];
    assert_eq!(after, texts);
    assert_eq!(texts[0]["content"], "각\r\n");
    assert_eq!(texts[0]["replaced_by"], json!({"kind": "api_key", "id": key["id"]}));
    // Where the ids belong to another user, the memos get others, with their revisions.
    let carol = here.user("carol").await;
    let report = import(&carol, &moved).await.expect_status(200);
    let copy = report["reassigned"].as_array().expect("a list").iter().find(|pair| pair["id"] == *id).expect("a copy");
    assert_eq!(text(&carol, copy["new_id"].as_str().expect("an id"), 1).await, texts[0]);
    // The next edit counts on.
    let next = alice.patch_memo(&id, &json!({"content": "later"})).await.expect_status(200);
    assert_eq!(
        next["version"],
        json!(before.iter().find(|line| line["id"] == *id).expect("a memo")["version"].as_u64().map(|n| n + 1))
    );
    assert_eq!(text(&alice, &id, 1).await, texts[0]);
}

pub async fn revisions_of_long_memos_are_short_lines(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let words: Vec<_> = (0..10_000).map(|n| format!("{n:05} 가")).collect();
    let created = alice.create_memo(&json!({"title": "long", "content": words.join(" ")})).await.expect_status(201);
    let id = created.id().to_owned();
    for n in 0..12 {
        let mut words = words.clone();
        words[n * 800] = format!("바뀐 {n}");
        alice.patch_memo(&id, &json!({"content": words.join(" ")})).await.expect_status(200);
    }
    let before = lines(&alice).await;
    let sizes: Vec<_> =
        before.iter().filter(|line| line["kind"] == "revision").map(|line| line.to_string().len()).collect();
    // All but the words between the two that differ is taken from the content before.
    assert!(sizes.len() == 12 && sizes.iter().all(|size| *size < 15_000), "{sizes:?}");
    let oldest = text(&alice, &id, 1).await;
    alice.delete_memo_for_good(&id).await.expect_empty(204);
    assert_eq!(import(&alice, &before).await.expect_status(200)["revisions"], 12);
    assert_eq!(lines(&alice).await, before);
    assert_eq!(text(&alice, &id, 1).await, oldest);
    assert_eq!(oldest["content"], words.join(" "));
}

pub async fn revisions_of_memos_that_exist_are_not_imported(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    import(&alice, &[memo(3, "now")]).await.expect_status(200);
    let newer = {
        let mut newer = memo(5, "later");
        newer["updated_at"] = "2025-06-01T00:00:00Z".into();
        newer
    };
    let report = import(&alice, &[newer, revision(ID, 4, "b"), revision(ID, 1, "a")]).await.expect_status(200);
    assert_eq!((counts(&report), &report["revisions"]), ([0, 1, 0, 0], &json!(0)));
    let memo = alice.get_memo(ID).await.expect_status(200);
    assert_eq!((&memo["content"], &memo["version"]), (&json!("later"), &json!(4)));
    // The one text that it had here.
    let list = alice.get(&format!("/api/v1/memos/{ID}/revisions")).await.expect_status(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(text(&alice, ID, 3).await["content"], "now");
}

pub async fn revisions_without_their_memo_before_them_are_left_out(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let other = "0198c0de-7f00-7000-8000-0000000000f2";
    let lines = [
        revision(ID, 2, "before"),
        memo(3, "now"),
        json!({"kind": "later"}),
        revision(other, 2, "of another"),
        revision(ID, 2, "second"),
        line(other, "other"),
        revision(ID, 1, "first"),
    ];
    let report = import(&alice, &lines).await.expect_status(200);
    assert_eq!((counts(&report), &report["revisions"]), ([2, 0, 0, 1], &json!(1)));
    let names: Vec<_> = report["dropped"].as_array().expect("a list").iter().map(|one| one["name"].clone()).collect();
    let expected =
        [(2, ID), (2, other), (1, ID)].map(|(version, id)| json!(format!("revision {version} of memo {id}")));
    assert_eq!(names, expected);
    let found = text(&alice, ID, 2).await;
    assert_eq!(
        (&found["content"], &found["title"], &found["tags"]),
        (&json!("second"), &json!("title 2"), &json!(["earlier"]))
    );
}

pub async fn only_as_many_revisions_are_imported_as_are_kept(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.memos.revisions = 2).start().await;
    let alice = app.user("alice").await;
    let revisions = [4, 3, 2, 1].map(|version| revision(ID, version, &format!("text {version}")));
    let report = import(&alice, &[&[memo(7, "now")], &revisions[..]].concat()).await.expect_status(200);
    assert_eq!((&report["revisions"], report["dropped"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    assert_eq!(text(&alice, ID, 3).await["content"], "text 3");
    alice.get(&format!("/api/v1/memos/{ID}/revisions/2")).await.expect_status(404).problem("revision_not_found");
    alice.patch_memo(ID, &json!({"content": "later"})).await.expect_status(200);
    let list = alice.get(&format!("/api/v1/memos/{ID}/revisions")).await.expect_status(200);
    let versions: Vec<_> =
        list["items"].as_array().expect("a list").iter().map(|item| item["version"].clone()).collect();
    assert_eq!(versions, [7, 4]);
}

pub async fn revision_that_does_not_fit_is_invalid(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let delta = |prefix: u32, suffix: u32, middle: &str| {
        let mut line = revision(ID, 2, "");
        line.as_object_mut().expect("an object").remove("content");
        line["delta"] = json!({"prefix": prefix, "suffix": suffix, "middle": middle});
        line
    };
    let with = |name: &str, value: Value| {
        let mut line = revision(ID, 2, "earlier");
        line[name] = value;
        line
    };
    let long = "a".repeat(100_000);
    let neither = {
        let mut line = delta(0, 0, "");
        line.as_object_mut().expect("an object").remove("delta");
        line
    };
    for (line, pointer, code) in [
        (delta(4, 0, ""), "/1/delta", "malformed"),
        (delta(0, 4, ""), "/1/delta", "malformed"),
        (delta(2, 3, ""), "/1/delta", "malformed"),
        (delta(1, 0, ""), "/1/delta", "malformed"),
        (delta(0, 2, ""), "/1/delta", "malformed"),
        (delta(0, 0, "\u{0}"), "/1/delta", "nul_character"),
        (delta(3, 0, &long), "/1/delta", "too_long"),
        (neither, "/1/delta", "required"),
        (with("delta", json!({"prefix": 0, "suffix": 0, "middle": "", "x": 1})), "/1/delta/x", "unknown_member"),
        (with("delta", json!([0, 0, ""])), "/1/delta", "wrong_type"),
        (with("delta", json!({"prefix": -1, "suffix": 0, "middle": ""})), "/1/content", "malformed"),
        (with("version", json!(3)), "/1/version", "too_large"),
        (with("version", json!(0)), "/1/version", "too_small"),
        (with("version", json!("2")), "/1/version", "wrong_type"),
        (with("title", json!("")), "/1/title", "too_short"),
        (with("tags", json!([""])), "/1/tags/0", "too_short"),
        (with("created_at", json!("now")), "/1/created_at", "malformed"),
        (with("replaced_by", json!({"kind": "server"})), "", ""),
        (with("replaced_by", json!({"kind": "session", "id": "7"})), "/1/replaced_by/id", "malformed"),
        (with("replaced_by", json!({"kind": "owner", "id": null})), "/1/replaced_by/kind", "invalid_choice"),
        (with("owner", json!(1)), "/1/owner", "unknown_member"),
    ] {
        let sent = import(&alice, &[memo(3, "가"), line.clone()]).query(&[("dry_run", "true")]).await;
        if pointer.is_empty() {
            assert_eq!(sent.expect_status(200)["revisions"], 1, "{line}");
        } else {
            sent.expect_status(422).invalid(pointer, code);
        }
    }
    for version in [json!(0), json!(1_i64 << 31), json!("1")] {
        let mut line = memo(1, "");
        line["version"] = version;
        let code = if line["version"] == 0 {
            "too_small"
        } else if line["version"].is_string() {
            "wrong_type"
        } else {
            "too_large"
        };
        import(&alice, &[line]).await.expect_status(422).invalid("/0/version", code);
    }
    // Nothing of it was imported.
    assert_eq!(lines(&alice).await, Vec::<Value>::new());
}
