use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{
    TestApp,
    suite::{for_all, invalid_memo_fields, merged, send_concurrently},
};

/// A memo with no field at its default.
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

/// The defaults of all fields but the title.
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
fn assert_has(memo: &Value, fields: &Value) {
    for (name, value) in fields.as_object().expect("an object") {
        assert_eq!(memo[name], *value, "{name} of {memo}");
    }
}

pub async fn put_replaces_all_fields(app: TestApp) {
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

pub async fn patch_changes_only_the_given_fields(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    app.clock.advance(Duration::from_secs(1));
    let after = alice.patch_memo(memo.id(), &json!({"pinned": false, "tags": ["d"]})).await.expect_status(200);
    let expected = json!({"pinned": false, "tags": ["d"], "version": 2, "updated_at": app.now()});
    assert_eq!(after.json, merged(memo.json.clone(), &expected));
    let read = alice.get_memo(memo.id()).await.expect_status(200);
    assert_eq!((&read.json, read.tag()), (&after.json, after.tag()));
}

pub async fn change_that_changes_nothing_makes_no_version(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    let changes = alice.changes(0).await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    for patch in [json!({}), full(), json!({"tags": ["c"]}), json!({"remind_at": "2026-03-01T09:00:00+09:00"})] {
        let patched = alice.patch_memo(memo.id(), &patch).await.expect_status(200);
        assert_eq!((&patched.json, patched.tag()), (&memo.json, memo.tag()));
        let update = json!([{"op": "update", "id": memo.id(), "memo": patch}]);
        let batch = alice.batch(&update).await.expect_status(200);
        assert_eq!(batch["results"][0], json!({"status": 200, "memo": memo.json}));
    }
    let replaced = alice.put_memo(memo.id(), &full()).if_match(memo.tag()).await.expect_status(200);
    assert_eq!(replaced.json, memo.json);
    alice.put_memo(memo.id(), &full()).if_match("\"other\"").await.expect_status(412).problem("precondition_failed");
    assert_eq!(alice.changes(0).await.expect_status(200).json, changes.json);
    // Another spelling of a tag is a change.
    let spelled = alice.patch_memo(memo.id(), &json!({"tags": ["C"]})).await.expect_status(200);
    assert_eq!((&spelled["tags"], &spelled["version"]), (&json!(["C"]), &json!(2)));
}

pub async fn times_never_run_backwards(app: TestApp) {
    let user = app.user("alice").await;
    let (memo, me) = (user.create_memo(&full()).await.expect_status(201), user.me().await.expect_status(200));
    let created_at = memo.text("created_at");
    let start = memo_domain::Timestamp::parse(created_at).expect("a time");
    app.clock.set(start - Duration::from_hours(1));
    let alice = user.with_new_token().await;
    let patched = alice.patch_memo(memo.id(), &json!({"title": "b"})).await.expect_status(200);
    assert_eq!((&patched["created_at"], &patched["updated_at"]), (&json!(created_at), &json!(created_at)));
    alice.delete_memo(memo.id()).await.expect_empty(204);
    let trashed = alice.get_memo(memo.id()).await.expect_status(200);
    assert_eq!((trashed.text("updated_at"), trashed.text("deleted_at")), (created_at, created_at));
    for change in alice.changes(0).await.expect_status(200)["items"].as_array().expect("changes") {
        assert_eq!(change["at"], created_at);
    }
    let renamed = alice.patch_me(&json!({"display_name": "A"})).await.expect_status(200);
    assert_eq!((&renamed["created_at"], &renamed["updated_at"]), (&me["created_at"], &me["updated_at"]));
    let refreshed = app.anonymous().refresh(&user.refresh_token).await.expect_status(200);
    let bearer = format!("Bearer {}", refreshed.text("access_token"));
    app.anonymous().get("/api/v1/me").header("authorization", bearer).await.expect_status(200);
    for session in alice.sessions().await.expect_status(200)["items"].as_array().expect("sessions") {
        assert!(session["created_at"].as_str() <= session["last_seen_at"].as_str(), "{session}");
    }
}

pub async fn null_in_a_patch_resets_to_the_default(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.create_memo(&full()).await.expect_status(201).id().to_owned();
    alice.patch_memo(&id, &json!({"title": null})).await.invalid("/title", "required");
    for (name, default) in defaults().as_object().expect("an object") {
        let patched = alice.patch_memo(&id, &json!({name: null})).await.expect_status(200);
        assert_eq!(patched[&**name], *default, "{name}");
    }
}

pub async fn patches_merge_as_in_rfc_7396(app: TestApp) {
    fn field(values: Vec<Value>) -> impl Strategy<Value = Option<Value>> {
        prop::option::of(prop::sample::select(values))
    }
    let alice = app.user("alice").await;
    let id = alice.create_memo(&full()).await.expect_status(201).id().to_owned();
    let patches = (
        field(vec![json!("x"), json!("한")]),
        field(vec![json!(null), json!(""), json!("y")]),
        field(vec![json!(null), json!([]), json!(["t", "u"])]),
        field(vec![json!(null), json!(false), json!(true)]),
        field(vec![json!(null), json!(false), json!(true)]),
        field(vec![json!(null), json!("private"), json!("public")]),
        field(vec![json!(null), json!("2026-04-01T00:00:00Z"), json!("2026-05-01T00:00:00.000001Z")]),
    );
    for_all(40, patches, async |(title, content, tags, pinned, archived, visibility, remind_at)| {
        let names = ["title", "content", "tags", "pinned", "archived", "visibility", "remind_at"];
        let values = [title, content, tags, pinned, archived, visibility, remind_at];
        let fields = names.into_iter().zip(values);
        let patch: Map<_, _> = fields.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let before = alice.get_memo(&id).await.expect_status(200);
        let mut expected = before.json.clone();
        for (name, value) in &patch {
            expected[name] = if value.is_null() { defaults()[name].clone() } else { value.clone() };
        }
        if patch.contains_key("content") {
            expected["snippet"] = expected["content"].clone();
        }
        if expected != before.json {
            expected["version"] = json!(before["version"].as_u64().expect("a version") + 1);
        }
        let after = alice.patch_memo(&id, &Value::Object(patch)).await.expect_status(200);
        assert_eq!(after.json, expected);
    })
    .await;
}

pub async fn invalid_memo_change_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&full()).await.expect_status(201);
    for (fields, pointer, code) in invalid_memo_fields() {
        alice.put_memo(memo.id(), &merged(json!({"title": "new"}), &fields)).await.invalid(pointer, code);
        // A patch has one pointer for all tags: an invalid tag is reported at `/tags`.
        let response = alice.patch_memo(memo.id(), &fields).await.problem("validation_failed");
        let (kind, reported, reason) = response.errors()[0];
        assert_eq!((kind, reason), ("pointer", code), "{fields}");
        assert!(pointer == reported || pointer.starts_with(&format!("{reported}/")), "{fields}: {reported}");
    }
    alice.put_memo(memo.id(), &json!({"content": "b"})).await.invalid("/title", "required");
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, memo.json);
}

pub async fn memo_patch_accepts_json_and_merge_patch(app: TestApp) {
    let alice = app.user("alice").await;
    let target = format!("/api/v1/memos/{}", alice.memo("a").await);
    let patch = alice.call("PATCH", &target);
    patch.clone().json(&json!({"title": "b"})).await.expect_status(200);
    patch.clone().body("Application/Merge-Patch+JSON; charset=\"UTF-8\"", "{}").await.expect_status(200);
    for media_type in ["application/json-patch+json", "text/plain", "application/x-www-form-urlencoded"] {
        let response = patch.clone().body(media_type, r#"{"title": "c"}"#).await;
        let response = response.expect_status(415).problem("unsupported_media_type");
        assert!(response.header("accept-patch").is_some_and(|types| types.contains("application/merge-patch+json")));
    }
    patch.untyped_body("{}").await.problem("unsupported_media_type");
    let put = alice.call("PUT", &target).merge_patch(&json!({"title": "c"}));
    put.await.expect_status(415).problem("unsupported_media_type");
    assert_eq!(alice.titles(&[]).await, ["b"]);
}

pub async fn unchanged_past_reminder_is_accepted(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "remind_at": "2026-02-01T00:00:00Z"});
    let id = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    app.clock.advance(Duration::from_hours(24));
    let alice = alice.with_scope("").await;
    // The same time with another offset.
    let same = json!({"title": "b", "remind_at": "2026-02-01T09:00:00+09:00"});
    let memo = alice.put_memo(&id, &same).await.expect_status(200);
    assert_eq!(memo["remind_at"], "2026-02-01T00:00:00Z");
    alice.patch_memo(&id, &json!({"title": "c"})).await.expect_status(200);
    alice.patch_memo(&id, &json!({"remind_at": "2026-02-01T00:00:00Z"})).await.expect_status(200);
    let past = json!({"remind_at": "2026-02-01T00:00:01Z"});
    alice.patch_memo(&id, &past).await.invalid("/remind_at", "not_in_future");
    alice.patch_memo(&id, &json!({"remind_at": "2026-02-03T00:00:00Z"})).await.expect_status(200);
    // Once removed, the past reminder would be a new one.
    alice.patch_memo(&id, &json!({"remind_at": null})).await.expect_status(200);
    alice.patch_memo(&id, &past).await.invalid("/remind_at", "not_in_future");
}

pub async fn trashed_memo_cannot_be_changed(app: TestApp) {
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

pub async fn concurrent_changes_all_apply(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let patches = [json!({"pinned": true}), json!({"archived": true}), json!({"content": "b"}), json!({"tags": ["c"]})];
    let calls = (0..20).map(|n| alice.patch_memo(&id, &patches[n % patches.len()]));
    for response in send_concurrently(calls).await {
        response.expect_status(200);
    }
    let memo = alice.get_memo(&id).await.expect_status(200);
    assert_has(
        &memo.json,
        &json!({"pinned": true, "archived": true, "content": "b", "tags": ["c"], "version": 5, "title": "a"}),
    );
}
