//! Batches that are rejected as a whole.

use serde_json::{Value, json};

use super::batch::{create, delete, update};
use crate::{
    TestApp, User,
    suite::{assert_json, invalid_memo_fields, merged},
};

/// An id that no memo has.
const UNKNOWN_ID: &str = "0198c0de-7f00-7000-8000-0000000000ff";

/// The user's memos, trash and changes.
async fn snapshot(user: &User) -> [Value; 3] {
    let list = |trashed| user.list_memos(&[("limit", "100"), ("sort", "created_at"), ("trashed", trashed)]);
    let (memos, trash) = (list("false").await.expect_status(200), list("true").await.expect_status(200));
    let changes = user.changes(0).query(&[("limit", "100")]).await.expect_status(200);
    [memos.json, trash.json, changes.json]
}

pub async fn failed_batch_changes_nothing(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (kept, gone) = (alice.memo("kept").await, alice.memo("gone").await);
    let trashed = alice.memo("trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let private = bob.memo("private").await;
    let body = json!({"title": "public", "visibility": "public"});
    let public = bob.create_memo(&body).await.expect_status(201).id().to_owned();
    let (alice_before, bob_before) = (snapshot(&alice).await, snapshot(&bob).await);
    let past = json!({"remind_at": "2026-01-31T09:00:00.123456Z"});
    let (any, at, at_reminder) = (json!({}), "/operations/3", "/operations/3/memo/remind_at");
    for (operation, status, code, pointer) in [
        (update(UNKNOWN_ID, &any), 404, "memo_not_found", at),
        (delete(UNKNOWN_ID), 404, "memo_not_found", at),
        (update(&private, &any), 404, "memo_not_found", at),
        (delete(&private), 404, "memo_not_found", at),
        (update(&public, &any), 403, "not_owner", at),
        (delete(&public), 403, "not_owner", at),
        (update(&trashed, &any), 409, "memo_trashed", at),
        (update(&gone, &any), 409, "memo_trashed", at),
        (merged(update(&kept, &any), &json!({"if_version": 1})), 412, "precondition_failed", at),
        (update(&kept, &past), 422, "validation_failed", at_reminder),
        (json!({"op": "create", "memo": merged(json!({"title": "a"}), &past)}), 422, "validation_failed", at_reminder),
    ] {
        let before = [create("new"), update(&kept, &json!({"title": "changed"})), delete(&gone)];
        let operations: Vec<_> = before.into_iter().chain([operation.clone(), create("more")]).collect();
        let response = alice.batch(&json!(operations)).await.expect_status(status).problem(code);
        let reason = if status == 422 { "not_in_future" } else { code };
        assert_eq!(response.errors(), [("pointer", pointer, reason)], "{operation}: {}", response.shown());
        assert_eq!(snapshot(&alice).await, alice_before, "{operation}");
        assert_eq!(alice.found("changed").await, Vec::<String>::new(), "{operation}");
    }
    assert_eq!(snapshot(&bob).await, bob_before);
}

pub async fn first_failing_operation_is_reported(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let conflict = merged(update(&id, &json!({})), &json!({"if_version": 7}));
    let operations = json!([create("b"), conflict, delete(UNKNOWN_ID)]);
    let call = alice.batch(&operations).header("x-request-id", "mine");
    let response = call.await.expect_status(412).problem("precondition_failed");
    assert_json!(response.json, @r##"
    {
      "code": "precondition_failed",
      "detail": "The memo has changed since you read it, or there is a memo with the id of a new one. Read it again, apply your change to its current state, and send the new ETag (in a batch, the new version).",
      "errors": [
        {
          "code": "precondition_failed",
          "detail": "In a batch: the version of this memo is not `if_version`, or there is a memo with the id of the new one. Read it again.",
          "pointer": "/operations/1"
        }
      ],
      "instance": "/api/v1/memos/batch",
      "request_id": "mine",
      "status": 412,
      "title": "Precondition failed",
      "type": "http://memo.test/docs/errors#precondition_failed"
    }
    "##);
    let response = alice.batch(&operations).header("accept-language", "ko").await.problem("precondition_failed");
    let detail = response["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("버전"), "{detail}");
}

pub async fn validation_errors_of_all_operations_are_reported(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let before = snapshot(&alice).await;
    let response = alice
        .batch(&json!([
            create("good"),
            {"op": "create", "memo": {"title": "", "tags": ["a", ""], "remind_at": "soon"}},
            {"op": "create", "memo": {"title": 1}},
            {"op": "create", "memo": {}},
            {"op": "create"},
            {"op": "update", "id": id, "memo": {"title": null, "content": "\0"}},
            {"op": "update", "id": "x", "if_version": 0, "memo": {"title": ""}},
            {"op": "update", "memo": {}},
            {"op": "delete", "id": 7},
            {"op": "delete"},
            {"op": "destroy", "id": id},
            {"id": id},
            "create",
            delete(&id),
        ]))
        .await
        .problem("validation_failed");
    let mut errors = response.errors();
    errors.sort_unstable();
    let expected = [
        ("/operations/1/memo/remind_at", "malformed"),
        ("/operations/1/memo/tags/1", "too_short"),
        ("/operations/1/memo/title", "too_short"),
        ("/operations/10/op", "invalid_choice"),
        ("/operations/11/op", "required"),
        ("/operations/12", "wrong_type"),
        ("/operations/2/memo/title", "wrong_type"),
        ("/operations/3/memo/title", "required"),
        ("/operations/4/memo", "required"),
        ("/operations/5/memo/content", "nul_character"),
        ("/operations/5/memo/title", "required"),
        ("/operations/6/id", "malformed"),
        ("/operations/6/if_version", "too_small"),
        ("/operations/6/memo/title", "too_short"),
        ("/operations/7/id", "required"),
        ("/operations/8/id", "wrong_type"),
        ("/operations/9/id", "required"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| ("pointer", pointer, code)));
    assert_eq!(snapshot(&alice).await, before);
}

pub async fn invalid_operation_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for (fields, pointer, code) in invalid_memo_fields() {
        let operations = json!([create("a"), {"op": "create", "memo": merged(json!({"title": "a"}), &fields)}]);
        alice.batch(&operations).await.invalid(&format!("/operations/1/memo{pointer}"), code);
        // A patch reports the same errors as `PATCH` does.
        let patch = alice.patch_memo(&id, &fields).await.problem("validation_failed");
        let expected = format!("/operations/0/memo{}", patch.errors()[0].1);
        alice.batch(&json!([update(&id, &fields)])).await.invalid(&expected, code);
    }
    for wrong in ["", "x", "0198c0de7f0070008000000000000000", "\0"] {
        alice.batch(&json!([delete(wrong)])).await.invalid("/operations/0/id", "malformed");
    }
}

pub async fn unknown_batch_field_is_rejected_at_every_level(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let update = update(&id, &json!({}));
    let owner = json!({"owner_id": UNKNOWN_ID});
    for (operation, pointer) in [
        (json!({"op": "create", "memo": merged(json!({"title": "a"}), &owner)}), "/operations/1/memo/owner_id"),
        (merged(update.clone(), &json!({"memo": owner})), "/operations/1/memo/owner_id"),
        (merged(create("a"), &json!({"if_version": 1})), "/operations/1/if_version"),
        (merged(update.clone(), &json!({"permanent": true})), "/operations/1/permanent"),
        (merged(delete(&id), &json!({"if_version": 1})), "/operations/1/if_version"),
        (merged(delete(&id), &json!({"memo": {}})), "/operations/1/memo"),
        (merged(delete(&id), &json!({"a/b~c": 1})), "/operations/1/a~1b~0c"),
    ] {
        alice.batch(&json!([create("a"), operation])).await.invalid(pointer, "unknown_member");
    }
    let batch = |body: String| alice.call("POST", "/api/v1/memos/batch").body("application/json", body);
    for (operation, pointer) in [
        (r#"{"op": "delete", "op": "create", "memo": {"title": "a"}}"#, "/operations/0/op"),
        (r#"{"op": "create", "memo": {"title": "a"}, "memo": {"title": "b"}}"#, "/operations/0/memo"),
        (r#"{"op": "create", "memo": {"title": "a", "title": "b"}}"#, "/operations/0/memo/title"),
    ] {
        batch(format!("{{\"operations\": [{operation}]}}")).await.invalid(pointer, "duplicate_member");
    }
    let twice = r#"{"operations": [], "operations": []}"#;
    batch(twice.to_owned()).await.invalid("/operations", "duplicate_member");
    assert_eq!(alice.titles(&[]).await, ["a"]);
}

pub async fn malformed_operation_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let unnamed = json!({"op": "create", "id": null, "memo": {"title": "a"}});
    alice.batch(&json!([unnamed])).await.invalid("/operations/0/id", "wrong_type");
    for value in [json!(null), json!(true), json!(1), json!("create"), json!([]), json!(["create", {"title": "a"}])] {
        alice.batch(&json!([value])).await.invalid("/operations/0", "wrong_type");
        alice.batch(&json!([{"op": "create", "memo": value}])).await.invalid("/operations/0/memo", "wrong_type");
        let update = json!({"op": "update", "id": UNKNOWN_ID, "memo": value});
        alice.batch(&json!([update])).await.invalid("/operations/0/memo", "wrong_type");
    }
    for (op, code) in [
        (json!(null), "wrong_type"),
        (json!(0), "wrong_type"),
        (json!({"create": null}), "wrong_type"),
        (json!(""), "invalid_choice"),
        (json!("Create"), "invalid_choice"),
        (json!("restore"), "invalid_choice"),
    ] {
        alice.batch(&json!([merged(create("a"), &json!({"op": op}))])).await.invalid("/operations/0/op", code);
    }
    // Malformed JSON is reported for the whole body, wherever it is.
    for operation in
        [r#"{"op": "create", "memo": {"title": "\ud800"}}"#, r#"{"op": "create", "memo": {"title": "a}}"#, "{"]
    {
        let body = format!("{{\"operations\": [{{\"op\": \"x\"}}, {operation}]}}");
        let response = alice.call("POST", "/api/v1/memos/batch").body("application/json", body).await;
        response.expect_status(400).problem("invalid_json");
    }
}

pub async fn validation_response_size_is_limited(app: TestApp) {
    let alice = app.user("alice").await;
    // Far more errors than are reported.
    let tags = vec![""; 50_000];
    let memo = json!({"title": "a", "tags": tags});
    let operations = vec![json!({"op": "create", "memo": memo}); 5];
    for call in [
        alice.create_memo(&memo),
        alice.batch(&json!(operations)),
        alice.batch(&json!(vec![1; 200_000])),
        alice.batch(&json!(vec![create(""); 2_000])),
        // A name that is shown.
        alice.create_memo(&json!({"title": "a", "~".repeat(1_000_000): 1})),
        alice.batch(&json!([{"op": "delete", "id": "a", "가".repeat(1_000_000): 1}])),
    ] {
        let response = call.await.expect_status(422).problem("validation_failed");
        assert!(response.body.len() < 200_000, "{} bytes", response.body.len());
    }
}
