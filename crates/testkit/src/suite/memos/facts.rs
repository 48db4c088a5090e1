//! What the content of a memo says: `snippet`, `has_tasks`, `open_tasks`.

use serde_json::{Value, json};

use crate::TestApp;

const CONTENT: &str = "# 안건\n\n- [ ] **배포**\n- [x] 시험\n\n```\n- [ ] code\n```\n";

fn facts(memo: &Value) -> Value {
    json!([memo["snippet"], memo["has_tasks"], memo["open_tasks"]])
}

pub async fn facts_follow_the_content_however_it_is_written(app: TestApp) {
    let alice = app.user("alice").await;
    let (full, ticked) = (json!(["안건 배포 시험 - [ ] code", true, 1]), json!(["안건 배포 시험 - [ ] code", true, 0]));
    let body = json!({"title": "a", "content": CONTENT, "tags": ["work"]});
    let memo = alice.create_memo(&body).await.expect_status(201);
    let id = memo.id().to_owned();
    assert_eq!(facts(&memo.json), full);
    assert_eq!(facts(&alice.set_task(&id, "1", &json!({"done": true})).await.expect_status(200).json), ticked);
    let renamed = alice.patch_memo(&id, &json!({"title": "b", "pinned": true})).await.expect_status(200);
    assert_eq!(facts(&renamed.json), ticked);
    alice.patch_tag("work", "job").await.expect_status(200);
    assert_eq!(facts(&alice.get_memo(&id).await.json), ticked);
    let patched = alice.patch_memo(&id, &json!({"content": "- [ ] one"})).await.expect_status(200);
    assert_eq!(facts(&patched.json), json!(["one", true, 1]));
    let replaced = alice.put_memo(&id, &json!({"title": "a", "content": "x".repeat(300)})).await.expect_status(200);
    assert_eq!(facts(&replaced.json), json!(["x".repeat(200), false, 0]));
    let page = alice.get("/api/v1/memos").await.expect_status(200);
    assert_eq!(facts(&page["items"][0]), facts(&replaced.json));

    let batch = json!([
        {"op": "create", "memo": body},
        {"op": "update", "id": id, "memo": {"content": CONTENT}},
    ]);
    let results = alice.batch(&batch).await.expect_status(200);
    for result in results["results"].as_array().expect("results") {
        assert_eq!(facts(&result["memo"]), full, "{result}");
    }
    let captured = alice.capture("text/markdown", CONTENT).await;
    assert_eq!(facts(&captured.expect_status(201).json), full);
}

pub async fn facts_of_an_imported_memo_are_computed(app: TestApp) {
    let alice = app.user("alice").await;
    let id = "0198c0de-7f00-7000-8000-0000000000f1";
    for (day, content, expected) in
        [(1, CONTENT, json!(["안건 배포 시험 - [ ] code", true, 1])), (2, "two", json!(["two", false, 0]))]
    {
        let line = json!({
            "kind": "memo", "id": id, "title": "a", "content": content, "snippet": "invented", "has_tasks": 7,
            "open_tasks": null, "created_at": "2025-01-01T00:00:00Z", "updated_at": format!("2025-01-0{day}T00:00:00Z"),
        });
        alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", line.to_string()).await.expect_status(200);
        assert_eq!(facts(&alice.get_memo(id).await.json), expected);
    }
}
