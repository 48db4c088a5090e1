//! `GET /api/v1/memos/{id}/backlinks`.

use serde_json::{Value, json};

use crate::{Actor, TestApp};

async fn backlinks(actor: &Actor, id: &str) -> Vec<String> {
    let page = actor.get(&format!("/api/v1/memos/{id}/backlinks")).await.expect_status(200);
    let items = page["items"].as_array().expect("items");
    items.iter().map(|memo| memo["title"].as_str().expect("a title").to_owned()).collect()
}

async fn linking(actor: &Actor, title: &str, content: &str) -> String {
    let body = json!({"title": title, "content": content});
    actor.create_memo(&body).await.expect_status(201).id().to_owned()
}

pub async fn backlinks_follow_the_content_and_the_title(app: TestApp) {
    let alice = app.user("alice").await;
    let target = alice.memo("주간 회의").await;
    let url = format!("{}/api/v1/memos/{target}", app.url());
    let by_title = linking(&alice, "by title", "see [[주간 회의|the meeting]]").await;
    let by_url = linking(&alice, "by URL", &format!("see <{url}>, not `[[주간 회의]]`")).await;
    linking(&alice, "no link", "see `[[주간 회의]]`").await;
    assert_eq!(backlinks(&alice, &target).await, ["by URL", "by title"]);

    // The link by title is one to whatever has this title.
    alice.patch_memo(&target, &json!({"title": "Monthly"})).await.expect_status(200);
    assert_eq!(backlinks(&alice, &target).await, ["by URL"]);
    alice.patch_memo(&by_url, &json!({"content": "[[monthly]]"})).await.expect_status(200);
    alice.patch_memo(&by_title, &json!({"pinned": true, "title": "renamed"})).await.expect_status(200);
    assert_eq!(backlinks(&alice, &target).await, ["by URL"]);
    alice.patch_memo(&target, &json!({"title": "주간 회의"})).await.expect_status(200);
    assert_eq!(backlinks(&alice, &target).await, ["renamed"]);

    let batch = json!([
        {"op": "create", "memo": {"title": "of a batch", "content": "[[주간 회의]] [[of a batch]]"}},
        {"op": "update", "id": by_title, "memo": {"content": ""}},
    ]);
    let results = alice.batch(&batch).await.expect_status(200);
    assert_eq!(backlinks(&alice, &target).await, ["of a batch"]);
    let itself = results["results"][0]["memo"]["id"].as_str().expect("an id");
    assert_eq!(backlinks(&alice, itself).await, [""; 0]);
    let line = json!({
        "kind": "memo", "id": "0198c0de-7f00-7000-8000-0000000000f1", "title": "imported", "content": "[[주간 회의]]",
        "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
    });
    alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", line.to_string()).await.expect_status(200);
    assert_eq!(backlinks(&alice, &target).await, ["of a batch", "imported"]);
}

pub async fn backlinks_are_memos_that_the_reader_may_read(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "plan", "visibility": "public"});
    let target = alice.create_memo(&body).await.expect_status(201).id().to_owned();
    let url = format!("{}/api/v1/memos/{target}", app.url());
    linking(&alice, "private", "[[plan]]").await;
    linking(&bob, "of Bob", &url).await;
    linking(&bob, "plan of Bob", "[[plan]]").await;
    let public = json!({"title": "public", "content": "[[PLAN]]", "visibility": "public"});
    let public = alice.create_memo(&public).await.expect_status(201).id().to_owned();
    assert_eq!(backlinks(&alice, &target).await, ["public", "private"]);
    assert_eq!(backlinks(&bob, &target).await, ["public", "of Bob"]);
    alice.delete_memo(&public).await.expect_empty(204);
    assert_eq!(backlinks(&alice, &target).await, ["private"]);
    alice.patch_memo(&target, &json!({"visibility": "private"})).await.expect_status(200);
    bob.get(&format!("/api/v1/memos/{target}/backlinks")).await.expect_status(404).problem("memo_not_found");
}

pub async fn backlinks_have_pages_and_the_first_links_of_a_memo_count(app: TestApp) {
    let alice = app.user("alice").await;
    let (first, last) = (alice.memo("memo 0").await, alice.memo("memo 100").await);
    let links = (0..=100).map(|n| format!("[[memo {n}]] ")).collect::<Vec<_>>().concat();
    for n in 0..3 {
        linking(&alice, &format!("link {n}"), &links).await;
    }
    assert_eq!(backlinks(&alice, &last).await, [""; 0]);
    let path = format!("/api/v1/memos/{first}/backlinks");
    let page = alice.get(&path).query(&[("limit", "2")]).await.expect_status(200);
    let titles = |page: &Value| json!([page["items"][0]["title"], page["items"][1]["title"]]);
    assert_eq!(titles(&page.json), json!(["link 2", "link 1"]));
    let cursor = page["page"]["next_cursor"].as_str().expect("a cursor").to_owned();
    let page = alice.get(&path).query(&[("limit", "2"), ("cursor", &cursor)]).await.expect_status(200);
    assert_eq!((titles(&page.json), &page["page"]["next_cursor"]), (json!(["link 0", null]), &Value::Null));
    let other = format!("/api/v1/memos/{last}/backlinks");
    alice.get(&other).query(&[("cursor", &cursor)]).await.invalid_parameter("cursor", "invalid_cursor");
}
