//! Checkboxes of memos.

use serde_json::json;

use crate::{TestApp, suite::send_concurrently};

const CONTENT: &str = "# 배포\r\n\r\n- [ ] 시험\r\n  - [x] nested\r\n\r\n```\n- [ ] code\n```\n1. [ ] last";

pub async fn checkbox_is_ticked_and_nothing_else_changes(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a", "content": CONTENT, "tags": ["work"]})).await.expect_status(201);
    let id = memo.id();
    let last = CONTENT.replace("[ ] last", "[x] last");
    let ticked = alice.set_task(id, "3", &json!({"done": true})).await.expect_status(200);
    assert_eq!((&ticked["content"], &ticked["version"], &ticked["tags"]), (&json!(last), &json!(2), &json!(["work"])));
    assert_eq!(alice.get_memo(id).await.tag(), ticked.tag());
    let nested = last.replace("[x] nested", "[ ] nested");
    let unticked = alice.set_task(id, "2", &json!({"done": false, "if_version": 2})).await.expect_status(200);
    assert_eq!((&unticked["content"], &unticked["version"]), (&json!(nested), &json!(3)));
    // The same state is no change.
    let same = alice.set_task(id, "3", &json!({"done": true})).await.expect_status(200);
    assert_eq!((&same.json, same.tag()), (&unticked.json, unticked.tag()));
    assert_eq!(alice.found("시험").await, ["a"]);
}

pub async fn checkbox_that_can_not_be_ticked_is_refused(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "a", "content": CONTENT, "visibility": "public"});
    let id = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    let done = json!({"done": true});
    for number in ["0", "4", "4294967295", "4294967296", "-1", "x"] {
        alice.set_task(&id, number, &done).await.expect_status(404).problem("task_not_found");
    }
    alice.set_task(&id, "1", &json!({"done": true, "if_version": 2})).await.problem("precondition_failed");
    alice.set_task(&id, "1", &json!({"done": true, "if_version": 0})).await.problem("validation_failed");
    alice.set_task(&id, "1", &json!({})).await.invalid("/done", "required");
    alice.set_task(&id, "1", &json!({"done": 1})).await.invalid("/done", "wrong_type");
    bob.set_task(&id, "1", &done).await.expect_status(403).problem("not_owner");
    alice.set_task("0198c0de-7f00-7000-8000-0000000000ff", "1", &done).await.problem("memo_not_found");
    alice.patch_memo(&id, &json!({"visibility": "private"})).await.expect_status(200);
    bob.set_task(&id, "1", &done).await.problem("memo_not_found");
    alice.delete_memo(&id).await.expect_empty(204);
    alice.set_task(&id, "1", &done).await.expect_status(409).problem("memo_trashed");
    assert_eq!(alice.get_memo(&id).await["content"], CONTENT);
}

pub async fn checkboxes_ticked_at_once_are_all_ticked(app: TestApp) {
    const BOXES: usize = 10;
    let alice = app.user("alice").await;
    let content = "- [ ] a\n".repeat(BOXES);
    let id = alice.create_memo(&json!({"title": "a", "content": content})).await.expect_status(201).id().to_owned();
    let calls = (1..=BOXES).map(|n| alice.set_task(&id, &n.to_string(), &json!({"done": true})));
    for response in send_concurrently(calls).await {
        response.expect_status(200);
    }
    assert_eq!(alice.get_memo(&id).await["content"], content.replace("[ ]", "[x]"));
}
