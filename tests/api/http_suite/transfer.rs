//! What is exported of one store is imported into another one.

use memo_conformance::TestStore;
use memo_test_databases::{
    kept::{mysql, postgres},
    sqlite,
};
use memo_testkit::{TestApp, User};
use serde_json::{Value, json};

use super::InMemory;

async fn export(user: &User) -> Vec<Value> {
    let response = user.get("/api/v1/me/export").await.expect_status(200);
    let text = String::from_utf8(response.body).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// What an import restores, without what names the owner and counts the states of a memo.
fn restored(lines: &[Value]) -> Vec<String> {
    let kinds = ["memo", "like", "settings"];
    let mut kept: Vec<_> =
        lines.iter().filter(|line| kinds.iter().any(|kind| line["kind"] == **kind)).cloned().collect();
    for line in &mut kept {
        let fields = line.as_object_mut().expect("an object");
        fields.retain(|name, _| !["owner", "version"].contains(&name.as_str()));
    }
    let mut texts: Vec<_> = kept.iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// A user with memos in every list, likes, a share and settings.
async fn filled(app: &TestApp) -> User {
    let alice = app.user("alice").await;
    let full = json!({"title": "주간회의록", "content": "# 안건\n\n- [ ] 배포\n- [x] 점검 [[둘]]\n", "tags": ["a", "b"],
        "pinned": true, "visibility": "public", "remind_at": "2026-02-01T09:00:00Z"});
    let full = alice.create_memo(&full).await.expect_status(201).id().to_owned();
    let archived =
        alice.create_memo(&json!({"title": "둘", "archived": true})).await.expect_status(201).id().to_owned();
    let trashed = alice.memo("셋").await;
    for id in [&full, &archived, &trashed] {
        alice.like(id).await.expect_empty(204);
    }
    alice.share(&full, &json!({})).await.expect_status(201);
    alice.delete_memo(&trashed).await.expect_empty(204);
    let settings = json!({"display_name": "앨리스 🌿", "locale": "ko", "time_zone": "Asia/Seoul"});
    alice.patch_me(&settings).await.expect_status(200);
    alice
}

#[tokio::test]
async fn export_restores_an_empty_account_on_another_store() {
    let first = TestApp::builder(Box::new(InMemory::new())).start().await;
    let mut lines = export(&filled(&first).await).await;
    assert_eq!(restored(&lines).len(), 7);
    let memory: Box<dyn TestStore> = Box::new(InMemory::new());
    let stores = [sqlite().await, postgres().await, mysql().await, Some(memory)];
    for store in stores.into_iter().flatten() {
        let app = TestApp::builder(store).start().await;
        let alice = app.user("alice").await;
        let body: Vec<_> = lines.iter().map(Value::to_string).collect();
        let call = alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", body.join("\n"));
        let report = call.await.expect_status(200);
        assert_eq!([&report["created"], &report["likes"], &report["settings"]], [&json!(3), &json!(3), &json!(true)]);
        let again = export(&alice).await;
        assert_eq!(restored(&again), restored(&lines));
        lines = again;
    }
}
