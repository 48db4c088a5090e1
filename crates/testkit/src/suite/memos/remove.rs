use std::time::Duration;

use serde_json::json;

use crate::{TestApp, suite::merged};

pub async fn deleted_memo_moves_to_the_trash(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a", "pinned": true})).await.expect_status(201);
    app.clock.advance(Duration::from_secs(1));
    alice.delete_memo(memo.id()).await.expect_empty(204);
    let trashed = alice.get_memo(memo.id()).await.expect_status(200);
    let changes = json!({"deleted_at": app.now(), "updated_at": app.now(), "version": 2});
    assert_eq!(trashed.json, merged(memo.json.clone(), &changes));
    assert_ne!(trashed.tag(), memo.tag());
    assert_eq!(alice.titles(&[]).await, Vec::<String>::new());
    let trash = alice.list_memos(&[("trashed", "true"), ("include_total", "true")]).await.expect_status(200);
    assert_eq!((&trash["items"][0], &trash["total"]), (&trashed.json, &json!(1)));
}

pub async fn deleting_a_trashed_memo_changes_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    alice.delete_memo(memo.id()).await.expect_empty(204);
    let trashed = alice.get_memo(memo.id()).await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    alice.delete_memo(memo.id()).await.expect_empty(204);
    alice.delete_memo(memo.id()).query(&[("permanent", "false")]).await.expect_empty(204);
    // Whatever the condition is: a client that repeats the request has lost the response, not a race.
    for tag in [memo.tag(), trashed.tag(), "\"other\"", "W/\"1\"", "*"] {
        alice.delete_memo(memo.id()).if_match(tag).await.expect_empty(204);
    }
    assert_eq!(alice.get_memo(memo.id()).await.expect_status(200).json, trashed.json);
}

pub async fn permanent_delete_removes_the_memo_whether_trashed_or_not(app: TestApp) {
    let alice = app.user("alice").await;
    let (kept, trashed) = (alice.memo("kept").await, alice.memo("trashed").await);
    alice.delete_memo(&trashed).await.expect_empty(204);
    for id in [kept, trashed] {
        alice.delete_memo_for_good(&id).await.expect_empty(204);
        alice.get_memo(&id).await.problem("memo_not_found");
        alice.delete_memo_for_good(&id).await.problem("memo_not_found");
        alice.delete_memo(&id).await.problem("memo_not_found");
        alice.restore_memo(&id).await.problem("memo_not_found");
    }
    assert_eq!(alice.titles(&[("trashed", "true")]).await, Vec::<String>::new());
}

pub async fn restored_memo_leaves_the_trash(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "content": "b", "tags": ["c"], "remind_at": "2026-02-01T00:00:00Z"});
    let memo = alice.create_memo(&body).await.expect_status(201);
    alice.delete_memo(memo.id()).await.expect_empty(204);
    // The reminder is past by now, which a restored memo may keep.
    app.clock.advance(Duration::from_hours(48));
    let alice = alice.with_scope("").await;
    let restored = alice.restore_memo(memo.id()).await.expect_status(200);
    assert_eq!(restored.json, merged(memo.json.clone(), &json!({"version": 3, "updated_at": app.now()})));
    let read = alice.get_memo(memo.id()).await.expect_status(200);
    assert_eq!((&read.json, read.tag()), (&restored.json, restored.tag()));
    assert_eq!(alice.titles(&[]).await, ["a"]);
    assert_eq!(alice.titles(&[("trashed", "true")]).await, Vec::<String>::new());
}

pub async fn restoring_a_memo_outside_the_trash_changes_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a"})).await.expect_status(201);
    app.clock.advance(Duration::from_secs(1));
    let restored = alice.restore_memo(memo.id()).await.expect_status(200);
    assert_eq!((&restored.json, restored.tag()), (&memo.json, memo.tag()));
}

pub async fn restore_accepts_no_fields(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    alice.restore_memo(&id).json(&json!({})).await.expect_status(200);
    alice.restore_memo(&id).json(&json!({"title": "b"})).await.invalid("/title", "unknown_member");
    alice.restore_memo(&id).body("application/json", "{").await.problem("invalid_json");
    for body in ["[]", "null", "1"] {
        alice.restore_memo(&id).body("application/json", body).await.invalid("", "wrong_type");
    }
}

pub async fn permanent_parameter_must_be_a_boolean(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for value in ["", "0", "1", "yes", "TRUE", "null"] {
        let response = alice.delete_memo(&id).query(&[("permanent", value)]).await;
        response.invalid_parameter("permanent", "wrong_type");
    }
    let twice = [("permanent", "true"), ("permanent", "false")];
    alice.delete_memo(&id).query(&twice).await.expect_status(422).problem("validation_failed");
    assert_eq!(alice.titles(&[]).await, ["a"]);
}
