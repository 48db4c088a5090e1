//! Revisions: the earlier texts of memos.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Actor, Response, TestApp, suite::me::api_keys::created};

/// The versions of the revisions of a memo, the newest first.
async fn versions(owner: &Actor, id: &str) -> Vec<u64> {
    let page = owner.get(&format!("/api/v1/memos/{id}/revisions?limit=100")).await.expect_status(200);
    let items = page["items"].as_array().expect("a list").clone();
    items.iter().map(|item| item["version"].as_u64().expect("a number")).collect()
}

async fn revision(owner: &Actor, id: &str, version: u32) -> Response {
    owner.get(&format!("/api/v1/memos/{id}/revisions/{version}")).await
}

async fn diff(owner: &Actor, id: &str, a: u32, b: u32) -> String {
    let diff = owner.get(&format!("/api/v1/memos/{id}/revisions/{a}/diff/{b}")).await;
    assert_eq!(
        (diff.status, diff.header("content-type")),
        (200, Some("text/plain; charset=utf-8")),
        "{}",
        diff.shown()
    );
    String::from_utf8(diff.body).expect("a text")
}

async fn restore(owner: &Actor, id: &str, version: u32) -> Response {
    owner.call("POST", &format!("/api/v1/memos/{id}/revisions/{version}/restore")).await
}

pub async fn change_of_a_text_keeps_the_text_before(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = json!({"title": "회의", "content": "# 안건\n\n- 배포\n", "tags": ["work"]});
    let first = alice.create_memo(&memo).await.expect_status(201);
    let id = first.id();
    assert_eq!(versions(&alice, id).await, [0; 0]);
    app.clock.advance(Duration::from_mins(1));
    let second = alice.patch_memo(id, &json!({"content": "# 안건\n\n- 비용\n"})).await.expect_status(200);
    app.clock.advance(Duration::from_mins(1));
    // Changes of all but the text keep none.
    for other in [json!({"pinned": true}), json!({"archived": true}), json!({"visibility": "public"})] {
        alice.patch_memo(id, &other).await.expect_status(200);
    }
    assert_eq!(versions(&alice, id).await, [1]);
    alice.patch_memo(id, &json!({"title": "새 회의", "tags": ["work", "일"]})).await.expect_status(200);
    assert_eq!(versions(&alice, id).await, [5, 1]);
    let oldest = revision(&alice, id, 1).await.expect_status(200);
    let session = oldest["replaced_by"]["id"].clone();
    let expected = json!({
        "version": 1, "title": "회의", "content": "# 안건\n\n- 배포\n", "tags": ["work"],
        "created_at": first["created_at"], "replaced_at": second["updated_at"],
        "replaced_by": {"kind": "session", "id": session},
    });
    assert_eq!(oldest.json, expected);
    assert!(session.is_string());
    let middle = revision(&alice, id, 5).await.expect_status(200);
    assert_eq!((&middle["title"], &middle["content"]), (&json!("회의"), &json!("# 안건\n\n- 비용\n")));
    // The present one, and one whose text is that of the next version.
    let present = revision(&alice, id, 6).await.expect_status(200);
    assert_eq!((&present["tags"], &present["replaced_by"]), (&json!(["work", "일"]), &Value::Null));
    for absent in ["2", "7", "0", "-1", "x", "99999999999"] {
        let path = format!("/api/v1/memos/{id}/revisions/{absent}");
        alice.get(&path).await.expect_status(404).problem("revision_not_found");
    }
    let expected = "--- 1 회의 [work]\n+++ 6 새 회의 [work, 일]\n@@ -1,3 +1,3 @@\n # 안건\n \n-- 배포\n+- 비용\n";
    assert_eq!(diff(&alice, id, 1, 6).await, expected);
    assert_eq!(diff(&alice, id, 6, 1).await.lines().nth(5), Some("-- 비용"));
    assert_eq!(diff(&alice, id, 5, 6).await.lines().count(), 2, "the content is the same");
    alice.get(&format!("/api/v1/memos/{id}/revisions/1/diff/2")).await.expect_status(404);
}

pub async fn revision_names_what_replaced_it(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.create_memo(&json!({"title": "a", "content": "- [ ] a", "tags": ["b"]})).await.id().to_owned();
    let key = created(&alice, &["memos:read", "memos:write"]).await;
    let by_key = app.anonymous().with_token(key.text("secret"));
    by_key.put_memo(&id, &json!({"title": "b", "content": "- [ ] a", "tags": ["b"]})).await.expect_status(200);
    by_key.set_task(&id, "1", &json!({"done": true})).await.expect_status(200);
    let batch = json!([{"op": "update", "id": id, "memo": {"title": "c"}}]);
    by_key.batch(&batch).await.expect_status(200);
    by_key.call("PATCH", "/api/v1/tags/b").json(&json!({"tag": "c"})).await.expect_status(200);
    let list = by_key.get(&format!("/api/v1/memos/{id}/revisions")).await.expect_status(200);
    let items = list["items"].as_array().expect("a list");
    let all: Vec<_> = items.iter().map(|item| (item["version"].clone(), item["replaced_by"].clone())).collect();
    let origin = json!({"kind": "api_key", "id": key["id"]});
    let expected: Vec<_> = [4, 3, 2, 1].map(|version| (json!(version), origin.clone())).into();
    assert_eq!(all, expected);
}

pub async fn revision_is_restored_as_a_new_version(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = json!({"title": "a", "content": "first", "tags": ["one"]});
    let id = alice.create_memo(&memo).await.expect_status(201).id().to_owned();
    let change = json!({"title": "b", "content": "second", "tags": [], "pinned": true});
    let second = alice.patch_memo(&id, &change).await.expect_status(200);
    let stale = alice.call("POST", &format!("/api/v1/memos/{id}/revisions/1/restore"));
    stale.header("if-match", "\"1\"").await.expect_status(412).problem("precondition_failed");
    let tag = second.header("etag").expect("a tag").to_owned();
    let restored = alice.call("POST", &format!("/api/v1/memos/{id}/revisions/1/restore")).header("if-match", &tag);
    let restored = restored.await.expect_status(200);
    assert_eq!(
        (&restored["title"], &restored["content"], &restored["tags"]),
        (&json!("a"), &json!("first"), &json!(["one"]))
    );
    assert_eq!((&restored["pinned"], &restored["version"]), (&json!(true), &json!(3)), "all else stays");
    assert!(restored.header("etag").is_some());
    assert_eq!(versions(&alice, &id).await, [2, 1]);
    // The same text is no change.
    assert_eq!(restore(&alice, &id, 1).await.expect_status(200)["version"], 3);
    assert_eq!(restore(&alice, &id, 3).await.expect_status(200)["version"], 3);
    // What a search finds is restored, too.
    assert_eq!(alice.get("/api/v1/memos?q=first").await.expect_status(200)["items"].as_array().map(Vec::len), Some(1));
    restore(&alice, &id, 9).await.expect_status(404).problem("revision_not_found");
    alice.delete_memo(&id).await.expect_empty(204);
    restore(&alice, &id, 2).await.expect_status(409).problem("memo_trashed");
    assert_eq!(revision(&alice, &id, 2).await.expect_status(200)["content"], "second");
    alice.restore_memo(&id).await.expect_status(200);
    assert_eq!(versions(&alice, &id).await, [2, 1]);
    alice.delete_memo_for_good(&id).await.expect_empty(204);
    revision(&alice, &id, 2).await.expect_status(404).problem("memo_not_found");
}

pub async fn last_hundred_revisions_are_kept(app: TestApp) {
    let alice = app.user("alice").await;
    let words: Vec<_> = (0..700).map(|n| format!("{n:07}")).collect();
    let id =
        alice.create_memo(&json!({"title": "a", "content": words.join(" ")})).await.expect_status(201).id().to_owned();
    let mut texts = vec![words.join(" ")];
    for n in 0..105 {
        let mut words = words.clone();
        words[(n * 37) % 700] = format!("단어{n}");
        texts.push(words.join(" "));
        let change = json!({"content": texts.last()});
        alice.patch_memo(&id, &change).await.expect_status(200);
    }
    let expected: Vec<u64> = (6..=105).rev().collect();
    assert_eq!(versions(&alice, &id).await, expected);
    for version in [6, 7, 50, 104, 105] {
        assert_eq!(revision(&alice, &id, version).await.expect_status(200)["content"], texts[version as usize - 1]);
    }
    revision(&alice, &id, 5).await.expect_status(404).problem("revision_not_found");
    let page = alice.get(&format!("/api/v1/memos/{id}/revisions?limit=2")).await.expect_status(200);
    let cursor = page["page"]["next_cursor"].as_str().expect("a next page").to_owned();
    let next = alice.get(&format!("/api/v1/memos/{id}/revisions?limit=2&cursor={cursor}")).await.expect_status(200);
    assert_eq!((&next["items"][0]["version"], &next["items"][1]["version"]), (&json!(103), &json!(102)));
}

pub async fn revisions_of_a_memo_have_four_megabytes(app: TestApp) {
    let alice = app.user("alice").await;
    let body = "\u{1f642}".repeat(99_900);
    // Both ends change, so that all between them is kept.
    let text = |n: u32| format!("{n}{body}{n}");
    let id = alice.create_memo(&json!({"title": "a", "content": text(0)})).await.expect_status(201).id().to_owned();
    for n in 1..=12 {
        alice.patch_memo(&id, &json!({"content": text(n)})).await.expect_status(200);
    }
    // 4 MiB are ten times 399,600 bytes and some more.
    let kept: Vec<u64> = (3..=12).rev().collect();
    assert_eq!(versions(&alice, &id).await, kept);
    assert_eq!(revision(&alice, &id, 3).await.expect_status(200)["content"], text(2));
    // Short ones are kept beside them.
    alice.patch_memo(&id, &json!({"content": format!("{}.", text(12))})).await.expect_status(200);
    assert_eq!(versions(&alice, &id).await.len(), 11);
}
