//! What a user is told of their own requests, and administrators of those of all users.

use std::time::Duration;

use memo_conformance::eventually;
use serde_json::{Value, json};

use super::api_keys::{created, with_key};
use crate::{Actor, TestApp, suite::DAY};

/// The items of a report.
pub async fn usage(actor: &Actor, query: &str) -> Vec<Value> {
    let report = actor.get(&format!("/api/v1/me/usage?{query}")).await.expect_status(200);
    report["items"].as_array().expect("items").clone()
}

/// The numbers of requests and errors of a key; none without an item.
pub fn counts(items: &[Value], key: &str) -> (u64, u64) {
    let number = |item: &Value, field: &str| item[field].as_u64().expect("a number");
    let of_key = items.iter().filter(|item| item["key"] == key);
    of_key
        .fold((0, 0), |(requests, errors), item| (requests + number(item, "requests"), errors + number(item, "errors")))
}

pub async fn usage_counts_each_request_with_its_errors_and_bytes(app: TestApp) {
    let alice = app.user("alice").await;
    assert_eq!(usage(&alice, "").await, [Value::Null; 0]);
    let mut received = 0;
    for _ in 0..3 {
        received += alice.me().await.expect_status(200).body.len();
    }
    let memo = json!({"title": "회의록", "content": "안건"});
    let memo_id = alice.create_memo(&memo).await.expect_status(201).id().to_owned();
    alice.create_memo(&json!({"title": ""})).await.expect_status(422);
    alice.get_memo(&memo_id).await.expect_status(200);
    alice.get_memo("0198c0de-7f00-7000-8000-0000000000ff").await.expect_status(404);
    alice.call("HEAD", &format!("/api/v1/memos/{memo_id}")).await.expect_status(200);
    // Neither is one of a user to an operation.
    app.anonymous().me().await.expect_status(401);
    alice.get("/api/v1/nowhere").await.expect_status(404);

    let items = usage(&alice, "group_by=operation").await;
    let keys: Vec<_> = items.iter().map(|item| item["key"].as_str().expect("a key")).collect();
    // By the number of requests, then by name.
    assert_eq!(keys, ["get_me", "get_memo", "create_memo", "get_own_usage"]);
    for (key, expected) in
        [("get_me", (3, 0)), ("get_memo", (3, 1)), ("create_memo", (2, 1)), ("get_own_usage", (1, 0))]
    {
        assert_eq!(counts(&items, key), expected, "{key}");
    }
    let sent = memo.to_string().len() + json!({"title": ""}).to_string().len();
    assert_eq!((&items[0]["bytes_in"], &items[0]["bytes_out"]), (&json!(0), &json!(received)));
    assert_eq!(items[2]["bytes_in"], sent);
    for item in &items {
        let [half, most] = ["p50_ms", "p99_ms"].map(|field| item[field].as_f64().expect("a number"));
        assert!(0.0 <= half && half <= most && most < 60_000.0, "{item}");
        assert!(item["bytes_out"].as_u64().is_some_and(|bytes| bytes > 10), "{item}");
    }
    // By day, if nothing else is asked for; what a request reports does not include itself.
    let days = usage(&alice, "").await;
    assert_eq!((days.len(), counts(&days, "2026-01-31")), (1, (10, 2)));
    // A body without a length.
    let length = 40 * 1024;
    let text = format!("{:x}\r\n# {}\r\n0\r\n\r\n", length + 2, "a".repeat(length));
    let request = format!(
        "POST /api/v1/memos HTTP/1.1\r\nHost: memo.test\r\nAuthorization: Bearer {}\r\nContent-Type: text/markdown\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{text}",
        alice.access_token
    );
    app.exchange(request.as_bytes()).await;
    let items = usage(&alice, "group_by=operation").await;
    let created = items.iter().find(|item| item["key"] == "create_memo").expect("an item");
    assert_eq!(created["bytes_in"], sent + length + 2);
}

pub async fn usage_is_added_up_by_api_key_and_by_operation(app: TestApp) {
    let alice = app.user("alice").await;
    let key = created(&alice, &["account:read"]).await;
    let other = created(&alice, &["memos:read", "account:read"]).await;
    let [program, script] = [&key, &other].map(|key| app.anonymous().with_token(key.text("secret")));
    for _ in 0..4 {
        program.me().await.expect_status(200);
    }
    script.list_memos(&[]).await.expect_status(200);
    let items = usage(&script, "group_by=api_key").await;
    assert_eq!((counts(&items, key.id()), counts(&items, other.id())), ((4, 0), (1, 0)));
    assert_eq!((counts(&items, "session"), items.len()), ((2, 0), 3));
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    browser.me().await.expect_status(200);
    let items = usage(&alice, "group_by=api_key").await;
    assert_eq!((counts(&items, "session"), counts(&items, other.id())), ((3, 0), (2, 0)));
    let items = usage(&alice, "group_by=operation").await;
    assert_eq!((counts(&items, "get_me"), counts(&items, "create_api_key")), ((5, 0), (2, 0)));
}

pub async fn usage_is_added_up_by_the_day_in_utc(app: TestApp) {
    let alice = app.user("alice").await;
    alice.me().await.expect_status(200);
    let mut user = (*alice).clone();
    for _ in 0..3 {
        app.clock.advance(DAY);
        user = alice.with_scope("").await;
        user.me().await.expect_status(200);
    }
    app.clock.advance(Duration::from_hours(15) - Duration::from_secs(1));
    let late = alice.with_scope("").await;
    late.me().await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    late.me().await.expect_status(200);
    let keys = async |query: &str| {
        let items = usage(&late, query).await;
        items.iter().map(|item| item["key"].as_str().expect("a day").to_owned()).collect::<Vec<_>>()
    };
    let all = ["2026-01-31", "2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04"];
    let items = usage(&late, "").await;
    assert_eq!(all.map(|day| counts(&items, day).0), [1, 1, 1, 2, 1]);
    assert_eq!(keys("").await, all);
    assert_eq!(keys("from=2026-02-01&to=2026-02-02").await, all[1..3]);
    assert_eq!(keys("to=2026-02-01").await, all[..2]);
    assert_eq!(keys("from=2026-02-03&group_by=day").await, all[3..]);
    // 30 days, if there is no other first one.
    assert_eq!(keys("to=2026-03-01").await, all);
    assert_eq!(keys("to=2026-03-02").await, all[1..]);
    assert_eq!(keys("to=2026-03-06").await, all[..0]);
    assert_eq!(keys("to=2026-03-01&from=2026-01-01").await, all);
    // The days of times.
    assert_eq!(keys("from=2026-02-01T23:59:59Z&to=2026-02-03T08:00:00%2B09:00").await, all[1..3]);
    assert_eq!(keys("from=2027-01-01").await, all[..0]);
    let items = usage(&late, "from=2026-02-03&to=2026-02-03&group_by=operation").await;
    assert_eq!((items.len(), counts(&items, "get_me")), (1, (2, 0)));
    user.me().await.expect_status(401);
}

pub async fn refused_requests_of_a_user_are_errors_of_theirs(app: TestApp) {
    let alice = app.user("alice").await;
    let key = created(&alice, &["account:read"]).await;
    let program = app.anonymous().with_token(key.text("secret"));
    program.list_memos(&[]).await.expect_status(403).problem("insufficient_scope");
    program.api_keys().await.expect_status(403).problem("interactive_sign_in_required");
    program.me().header("content-digest", "x").await.expect_status(400);
    program.call("PATCH", "/api/v1/me").json(&json!({"display_name": 7})).await.expect_status(403);
    let items = usage(&program, "group_by=api_key").await;
    assert_eq!(counts(&items, key.id()), (4, 4));
    let items = usage(&program, "group_by=operation").await;
    let expected = [("get_me", (1, 1)), ("list_memos", (1, 1)), ("list_api_keys", (1, 1)), ("patch_me", (1, 1))];
    for (key, expected) in expected {
        assert_eq!(counts(&items, key), expected, "{key}");
    }
}

pub async fn bytes_of_streams_are_counted_when_they_end(app: TestApp) {
    let alice = app.user("alice").await;
    for n in 0..3 {
        alice.create_memo(&json!({"title": n.to_string(), "content": "x".repeat(10_000)})).await.expect_status(201);
    }
    let exported = alice.get("/api/v1/me/export").await.expect_status(200).body;
    assert!(exported.len() > 30_000);
    let sent = alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", exported.clone());
    sent.await.expect_status(200);
    let items = eventually("the bytes are counted", async || {
        let items = usage(&alice, "group_by=operation").await;
        items.iter().any(|item| item["key"] == "export" && item["bytes_out"] == exported.len()).then_some(items)
    });
    let items = items.await;
    assert_eq!((counts(&items, "export"), counts(&items, "import")), ((1, 0), (1, 0)));
    let imported = items.iter().find(|item| item["key"] == "import").expect("an item");
    assert_eq!(imported["bytes_in"], exported.len());
}

pub async fn invalid_usage_parameter_is_rejected_by_name(app: TestApp) {
    let (alice, root) = (app.user("alice").await, app.admin("root").await);
    for (query, name, code) in [
        ("from=yesterday", "from", "malformed"),
        ("to=2026-02-30", "to", "malformed"),
        ("from=", "from", "malformed"),
        ("from=2026-01-01&from=2026-01-02", "from", "wrong_type"),
        ("from=2026-02-02&to=2026-02-01", "to", "conflicting_parameters"),
        ("from=2025-01-30", "from", "too_many"),
        ("from=2025-01-01&to=2026-01-02", "from", "too_many"),
        ("from=0000-01-01&to=9999-12-31", "from", "too_many"),
        ("group_by=hour", "group_by", "invalid_choice"),
        ("limit=1", "limit", "unknown_member"),
    ] {
        for (actor, path) in [(&*alice, "/api/v1/me/usage"), (&*root, "/api/v1/admin/usage")] {
            let refused = actor.get(&format!("{path}?{query}")).await.expect_status(422);
            refused.invalid_parameter(name, code);
        }
    }
    for (actor, path) in [(&*alice, "/api/v1/me/usage"), (&*root, "/api/v1/admin/usage")] {
        for query in ["from=2025-01-31", "from=2024-01-01&to=2024-12-31", "to=9999-12-31", "to=0000-01-01"] {
            actor.get(&format!("{path}?{query}")).await.expect_status(200);
        }
    }
    let refused = alice.get("/api/v1/me/usage?group_by=user").await.expect_status(422);
    refused.invalid_parameter("group_by", "invalid_choice");
    let refused = alice.get(&format!("/api/v1/me/usage?user_id={}", root.id)).await.expect_status(422);
    refused.invalid_parameter("user_id", "unknown_member");
    let refused = root.get("/api/v1/admin/usage?user_id=x").await.expect_status(422);
    refused.invalid_parameter("user_id", "malformed");
}

pub async fn usage_of_other_users_is_for_administrators(app: TestApp) {
    let (alice, bob, root) = (app.user("alice").await, app.user("bob").await, app.admin("root").await);
    let key = with_key(&app, &alice, &["account:read"]).await;
    for _ in 0..3 {
        key.me().await.expect_status(200);
    }
    bob.me().await.expect_status(200);
    bob.get("/api/v1/admin/usage").await.expect_status(403).problem("administrator_required");
    let all = async |query: &str| {
        let report = root.get(&format!("/api/v1/admin/usage?{query}")).await.expect_status(200);
        report["items"].as_array().expect("items").clone()
    };
    let items = all("group_by=user").await;
    assert_eq!((counts(&items, &alice.id), counts(&items, &bob.id)), ((4, 0), (2, 1)));
    assert_eq!(items.iter().map(|item| &item["key"]).collect::<Vec<_>>(), [&alice.id, &bob.id]);
    assert_eq!(counts(&all("").await, "2026-01-31"), (7, 1));
    assert_eq!(counts(&all(&format!("user_id={}", bob.id)).await, "2026-01-31"), (2, 1));
    assert_eq!(counts(&all("group_by=operation").await, "get_me"), (4, 0));
    let keys = all(&format!("group_by=api_key&user_id={}", alice.id)).await;
    assert_eq!((keys.len(), counts(&keys, "session")), (2, (1, 0)));
    assert_eq!(all("user_id=0198c0de-7f00-7000-8000-0000000000ff").await, [Value::Null; 0]);
    // Own usage is own usage, for administrators too.
    assert_eq!(counts(&usage(&bob, "").await, "2026-01-31"), (2, 1));
    assert_eq!(counts(&usage(&root, "group_by=operation").await, "get_me"), (0, 0));
    assert_eq!(counts(&usage(&alice, "group_by=operation").await, "get_me"), (3, 0));
}

pub async fn usage_goes_with_its_user_and_outlives_its_api_key(app: TestApp) {
    let (alice, root) = (app.user("alice").await, app.admin("root").await);
    let key = created(&alice, &["account:read"]).await;
    app.anonymous().with_token(key.text("secret")).me().await.expect_status(200);
    alice.delete_api_key(key.id()).await.expect_empty(204);
    assert_eq!(counts(&usage(&alice, "group_by=api_key").await, key.id()), (1, 0));
    alice.withdraw(&alice.password).await.expect_empty(204);
    let of_alice = || root.get(&format!("/api/v1/admin/usage?group_by=user&user_id={}", alice.id));
    eventually("the usage is removed", async || {
        // What was not stored before the removal is shown until it is stored, which it is not any more.
        of_alice().await.expect_status(200)["items"].as_array().expect("items").is_empty().then_some(())
    })
    .await;
    let items = root.get("/api/v1/admin/usage?group_by=user").await.expect_status(200);
    assert_eq!(counts(items["items"].as_array().expect("items"), &alice.id), (0, 0));
}

pub async fn usage_page_is_for_browsers(app: TestApp) {
    let anonymous = app.anonymous();
    for (language, heading) in [("en", "<h1>Usage</h1>"), ("ko-KR", "<h1>사용량</h1>")] {
        let page = anonymous.get("/usage").header("accept-language", language).await.expect_status(200);
        let html = String::from_utf8(page.body.clone()).expect("UTF-8");
        assert!(html.contains(heading), "{html}");
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert!(!html.contains("style=") && !html.contains(" on") && !html.contains("<style"), "{html}");
        assert!(page.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-language")));
        assert_eq!((html.matches("<script").count(), html.matches("<script src=\"/usage.js\">").count()), (1, 1));
    }
    for (path, media_type) in [("/usage.js", "text/javascript"), ("/usage.css", "text/css")] {
        let file = anonymous.get(path).await.expect_status(200);
        assert_eq!(file.media_type(), Some(media_type));
        let text = String::from_utf8(file.body.clone()).expect("UTF-8");
        // Nothing of other servers, but the name of a namespace.
        assert!(!text.replace("http://www.w3.org/2000/svg", "").contains("://"), "{path}");
    }
    anonymous.call("POST", "/usage").await.expect_status(405).problem("method_not_allowed");
}
