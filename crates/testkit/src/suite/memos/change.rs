use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{
    TestApp,
    suite::{at_once, for_all, merged, refused_memos},
};

/// A memo that has no default value.
fn full() -> Value {
    json!({
        "title": "a",
        "content": "b",
        "tags": ["c"],
        "pinned": true,
        "archived": true,
        "visibility": "public",
        "remind_at": "2026-03-01T00:00:00Z",
    })
}

/// What an owner writes, where they write a title alone.
fn defaults() -> Value {
    json!({
        "content": "",
        "tags": [],
        "pinned": false,
        "archived": false,
        "visibility": "private",
        "remind_at": null,
    })
}

#[track_caller]
fn assert_has(memo: &Value, members: &Value) {
    for (name, value) in members.as_object().expect("an object") {
        assert_eq!(memo[name], *value, "{name} of {memo}");
    }
}

pub async fn a_memo_is_replaced(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    app.clock.advance(Duration::from_secs(1));
    let replaced = alice.put_memo(memo.id(), &json!({"title": "new"})).await.expect_status(200);
    let times = json!({"created_at": memo["created_at"], "updated_at": app.now(), "deleted_at": null});
    let expected = merged(merged(defaults(), &times), &json!({"title": "new", "version": 2, "owner": memo["owner"]}));
    assert_has(&replaced.json, &expected);
    let read = alice.get_memo(memo.id()).await.expect_status(200);
    assert_eq!(read.json, replaced.json);
    assert_eq!(read.tag(), replaced.tag());
    assert_ne!(read.tag(), memo.tag());
}

pub async fn a_patch_changes_what_it_names(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    app.clock.advance(Duration::from_secs(1));
    let after = alice.patch_memo(memo.id(), &json!({"pinned": false, "tags": ["d"]})).await.expect_status(200);
    let expected = json!({"pinned": false, "tags": ["d"], "version": 2, "updated_at": app.now()});
    assert_eq!(after.json, merged(memo.json.clone(), &expected));
    let read = alice.get_memo(memo.id()).await.expect_status(200);
    assert_eq!((&read.json, read.tag()), (&after.json, after.tag()));
}

pub async fn null_in_a_patch_gives_the_default(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.create_memo(&full()).await.expect_status(201).id().to_owned();
    alice.patch_memo(&id, &json!({"title": null})).await.invalid("/title", "required");
    for (name, default) in defaults().as_object().expect("an object") {
        let patched = alice.patch_memo(&id, &json!({name: null})).await.expect_status(200);
        assert_eq!(patched[&**name], *default, "{name}");
    }
}

pub async fn any_patch_is_merged_as_rfc_7396_says(app: TestApp) {
    fn member(values: Vec<Value>) -> impl Strategy<Value = Option<Value>> {
        prop::option::of(prop::sample::select(values))
    }
    let alice = app.user("alice").await;
    let id = alice.create_memo(&full()).await.expect_status(201).id().to_owned();
    let patches = (
        member(vec![json!("x"), json!("한")]),
        member(vec![json!(null), json!(""), json!("y")]),
        member(vec![json!(null), json!([]), json!(["t", "u"])]),
        member(vec![json!(null), json!(false), json!(true)]),
        member(vec![json!(null), json!(false), json!(true)]),
        member(vec![json!(null), json!("private"), json!("public")]),
        member(vec![json!(null), json!("2026-04-01T00:00:00Z"), json!("2026-05-01T00:00:00.000001Z")]),
    );
    for_all(40, patches, async |(title, content, tags, pinned, archived, visibility, remind_at)| {
        let names = ["title", "content", "tags", "pinned", "archived", "visibility", "remind_at"];
        let values = [title, content, tags, pinned, archived, visibility, remind_at];
        let members = names.into_iter().zip(values);
        let patch: Map<_, _> = members.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let before = alice.get_memo(&id).await.expect_status(200);
        let mut expected = before.json.clone();
        for (name, value) in &patch {
            expected[name] = if value.is_null() { defaults()[name].clone() } else { value.clone() };
        }
        expected["version"] = json!(before["version"].as_u64().expect("a version") + 1);
        let after = alice.patch_memo(&id, &Value::Object(patch)).await.expect_status(200);
        assert_eq!(after.json, expected);
    })
    .await;
}

pub async fn a_change_says_what_it_refuses(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    for (members, pointer, code) in refused_memos() {
        alice.put_memo(memo.id(), &merged(json!({"title": "new"}), &members)).await.invalid(pointer, code);
        // A patch has one place for all tags: what is wrong with one of them is wrong with the member.
        let answer = alice.patch_memo(memo.id(), &members).await.problem("validation_failed");
        let (place, at, reason) = answer.errors()[0];
        assert_eq!((place, reason), ("pointer", code), "{members}");
        assert!(pointer == at || pointer.starts_with(&format!("{at}/")), "{members}: {at}");
    }
    alice.put_memo(memo.id(), &json!({"content": "b"})).await.invalid("/title", "required");
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, memo.json);
}

pub async fn a_patch_has_one_of_two_media_types(app: TestApp) {
    let alice = app.user("alice").await;
    let target = format!("/api/v1/memos/{}", alice.memo("a").await);
    let patch = alice.call("PATCH", &target);
    patch.clone().json(&json!({"title": "b"})).await.expect_status(200);
    patch.clone().body("Application/Merge-Patch+JSON; charset=\"UTF-8\"", "{}").await.expect_status(200);
    for media_type in ["application/json-patch+json", "text/plain", "application/x-www-form-urlencoded"] {
        let answer = patch.clone().body(media_type, r#"{"title": "c"}"#).await;
        let answer = answer.expect_status(415).problem("unsupported_media_type");
        assert!(answer.header("accept-patch").is_some_and(|types| types.contains("application/merge-patch+json")));
    }
    patch.untyped_body("{}").await.problem("unsupported_media_type");
    let put = alice.call("PUT", &target).merge_patch(&json!({"title": "c"}));
    put.await.expect_status(415).problem("unsupported_media_type");
    assert_eq!(alice.titles(&[]).await, ["b"]);
}

pub async fn an_unchanged_reminder_may_be_past(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "remind_at": "2026-02-01T00:00:00Z"});
    let id = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    app.clock.advance(Duration::from_hours(24));
    let alice = alice.with_scope("").await;
    // The same moment in another form.
    let same = json!({"title": "b", "remind_at": "2026-02-01T09:00:00+09:00"});
    let memo = alice.put_memo(&id, &same).await.expect_status(200);
    assert_eq!(memo["remind_at"], "2026-02-01T00:00:00Z");
    alice.patch_memo(&id, &json!({"title": "c"})).await.expect_status(200);
    alice.patch_memo(&id, &json!({"remind_at": "2026-02-01T00:00:00Z"})).await.expect_status(200);
    let past = json!({"remind_at": "2026-02-01T00:00:01Z"});
    alice.patch_memo(&id, &past).await.invalid("/remind_at", "not_in_future");
    alice.patch_memo(&id, &json!({"remind_at": "2026-02-03T00:00:00Z"})).await.expect_status(200);
    // It was taken away, so the past one would be a new one.
    alice.patch_memo(&id, &json!({"remind_at": null})).await.expect_status(200);
    alice.patch_memo(&id, &past).await.invalid("/remind_at", "not_in_future");
}

pub async fn a_trashed_memo_is_changed_by_nobody(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    alice.delete_memo(memo.id()).await.expect_empty(204);
    let trashed = alice.get_memo(memo.id()).await.expect_status(200);
    for call in [alice.put_memo(memo.id(), &full()), alice.patch_memo(memo.id(), &json!({"title": "b"}))] {
        call.clone().await.expect_status(409).problem("memo_trashed");
        call.if_match(trashed.tag()).await.expect_status(409).problem("memo_trashed");
    }
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, trashed.json);
}

pub async fn changes_at_once_are_all_made(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let patches = [json!({"pinned": true}), json!({"archived": true}), json!({"content": "b"}), json!({"tags": ["c"]})];
    let calls = (0..20).map(|n| alice.patch_memo(&id, &patches[n % patches.len()]));
    for answer in at_once(calls).await {
        answer.expect_status(200);
    }
    let memo = alice.get_memo(&id).await.expect_status(200);
    assert_has(
        &memo.json,
        &json!({"pinned": true, "archived": true, "content": "b", "tags": ["c"], "version": 21, "title": "a"}),
    );
}
