//! What a batch refuses, of which then nothing is done.

use serde_json::{Value, json};

use super::batch::{create, delete, update};
use crate::{
    Member, TestApp,
    suite::{assert_json, merged, refused_memos},
};

/// An id that nothing has.
const NOWHERE: &str = "0198c0de-7f00-7000-8000-0000000000ff";

/// All that a member has: a list of it, the trash, and how far the feed has come.
async fn everything(member: &Member) -> [Value; 3] {
    let list = |trashed| member.list_memos(&[("limit", "100"), ("sort", "created_at"), ("trashed", trashed)]);
    let (memos, trash) = (list("false").await.expect_status(200), list("true").await.expect_status(200));
    let changes = member.changes(0).query(&[("limit", "100")]).await.expect_status(200);
    [memos.json, trash.json, changes.json]
}

pub async fn a_batch_that_fails_leaves_nothing(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (kept, gone) = (alice.memo("kept").await, alice.memo("gone").await);
    let trashed = alice.memo("trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let private = bob.memo("private").await;
    let body = json!({"title": "public", "visibility": "public"});
    let public = bob.create_memo(&body).await.expect_status(201).id().to_owned();
    let (hers, his) = (everything(&alice).await, everything(&bob).await);
    let past = json!({"remind_at": "2026-01-31T09:00:00.123456Z"});
    let (any, at, at_reminder) = (json!({}), "/operations/3", "/operations/3/memo/remind_at");
    for (operation, status, code, pointer) in [
        (update(NOWHERE, &any), 404, "memo_not_found", at),
        (delete(NOWHERE), 404, "memo_not_found", at),
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
        let answer = alice.batch(&json!(operations)).await.expect_status(status).problem(code);
        let reason = if status == 422 { "not_in_future" } else { code };
        assert_eq!(answer.errors(), [("pointer", pointer, reason)], "{operation}: {}", answer.shown());
        assert_eq!(everything(&alice).await, hers, "{operation}");
        assert_eq!(alice.found("changed").await, Vec::<String>::new(), "{operation}");
    }
    assert_eq!(everything(&bob).await, his);
}

pub async fn the_first_operation_that_fails_is_named(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let conflict = merged(update(&id, &json!({})), &json!({"if_version": 7}));
    let operations = json!([create("b"), conflict, delete(NOWHERE)]);
    let call = alice.batch(&operations).header("x-request-id", "mine");
    let answer = call.await.expect_status(412).problem("precondition_failed");
    assert_json!(answer.json, {".type" => "[origin]/docs/errors#precondition_failed"}, @r##"
    {
      "code": "precondition_failed",
      "detail": "The memo has changed since you read it. Read it again, apply your change to what it is now, and send the new ETag, or in a batch the new version.",
      "errors": [
        {
          "code": "precondition_failed",
          "detail": "In a batch: this memo is in another version than `if_version`. Read it again.",
          "pointer": "/operations/1"
        }
      ],
      "instance": "/api/v1/memos/batch",
      "request_id": "mine",
      "status": 412,
      "title": "Precondition failed",
      "type": "[origin]/docs/errors#precondition_failed"
    }
    "##);
    let answer = alice.batch(&operations).header("accept-language", "ko").await.problem("precondition_failed");
    let detail = answer["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("버전"), "{detail}");
}

pub async fn what_is_wrong_is_said_of_all_operations(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let before = everything(&alice).await;
    let answer = alice
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
    let mut errors = answer.errors();
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
    assert_eq!(everything(&alice).await, before);
}

pub async fn an_operation_says_what_it_refuses(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for (members, pointer, code) in refused_memos() {
        let operations = json!([create("a"), {"op": "create", "memo": merged(json!({"title": "a"}), &members)}]);
        alice.batch(&operations).await.invalid(&format!("/operations/1/memo{pointer}"), code);
        // Of tags a patch says as much as a PATCH does.
        let patch = alice.patch_memo(&id, &members).await.problem("validation_failed");
        let expected = format!("/operations/0/memo{}", patch.errors()[0].1);
        alice.batch(&json!([update(&id, &members)])).await.invalid(&expected, code);
    }
    for wrong in ["", "x", "0198C0DE-7F00-7000-8000-0000000000FF", "0198c0de7f0070008000000000000000", "\0"] {
        alice.batch(&json!([delete(wrong)])).await.invalid("/operations/0/id", "malformed");
    }
}

pub async fn unknown_members_are_refused_at_every_level(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let update = update(&id, &json!({}));
    let owner = json!({"owner_id": NOWHERE});
    for (operation, pointer) in [
        (json!({"op": "create", "memo": merged(json!({"title": "a"}), &owner)}), "/operations/1/memo/owner_id"),
        (merged(update.clone(), &json!({"memo": owner})), "/operations/1/memo/owner_id"),
        (merged(create("a"), &json!({"id": id})), "/operations/1/id"),
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

pub async fn what_is_no_operation_is_refused(app: TestApp) {
    let alice = app.user("alice").await;
    for value in [json!(null), json!(true), json!(1), json!("create"), json!([]), json!(["create", {"title": "a"}])] {
        alice.batch(&json!([value])).await.invalid("/operations/0", "wrong_type");
        alice.batch(&json!([{"op": "create", "memo": value}])).await.invalid("/operations/0/memo", "wrong_type");
        let update = json!({"op": "update", "id": NOWHERE, "memo": value});
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
    // What is no JSON is said of the whole, wherever it stands.
    for operation in
        [r#"{"op": "create", "memo": {"title": "\ud800"}}"#, r#"{"op": "create", "memo": {"title": "a}}"#, "{"]
    {
        let body = format!("{{\"operations\": [{{\"op\": \"x\"}}, {operation}]}}");
        let answer = alice.call("POST", "/api/v1/memos/batch").body("application/json", body).await;
        answer.expect_status(400).problem("invalid_json");
    }
}

pub async fn a_refusal_is_bounded_whatever_was_sent(app: TestApp) {
    let alice = app.user("alice").await;
    // As many things as fit into a body, all of them wrong.
    let tags = vec![""; 100_000];
    let memo = json!({"title": "a", "tags": tags});
    let operations = vec![json!({"op": "create", "memo": memo}); 20];
    for call in [
        alice.create_memo(&memo),
        alice.batch(&json!(operations)),
        alice.batch(&json!(vec![1; 1_000_000])),
        alice.batch(&json!(vec![create(""); 10_000])),
    ] {
        let answer = call.await.expect_status(422).problem("validation_failed");
        assert!(answer.body.len() < 200_000, "{} bytes", answer.body.len());
    }
}
