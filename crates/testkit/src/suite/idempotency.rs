//! Requests with an `Idempotency-Key`.

use std::time::Duration;

use memo_conformance::eventually;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Call, Response, TestApp, User, contract::known, suite::DAY};

const KEY: &str = "idempotency-key";

/// A request that creates a memo, with this key.
fn create(user: &User, key: &str, body: &Value) -> Call {
    user.create_memo(body).header(KEY, key)
}

/// Asserts that a response is the same as an earlier one, and says so.
#[track_caller]
fn assert_replayed(response: Response, first: &Response) {
    let response = response.expect_status(first.status).expect_header("idempotent-replayed", "true");
    assert_eq!(response.body, first.body);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(response.header(name), first.header(name), "{name}");
    }
}

pub async fn repeated_request_gets_the_first_response(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "content": "주간회의록 \u{1}\"\\", "tags": ["work"]});
    let first = create(&alice, "\"key-1\"", &body).await.expect_status(201).expect_no_header("idempotent-replayed");
    assert_replayed(create(&alice, "\"key-1\"", &body).await, &first);
    assert_replayed(create(&alice, "key-1", &body).await, &first);
    // What happens to the memo later changes nothing.
    app.clock.advance(Duration::from_secs(1));
    alice.patch_memo(first.id(), &json!({"title": "b"})).await.expect_status(200);
    assert_replayed(create(&alice, "key-1", &body).await, &first);
    assert_eq!(alice.titles(&[]).await, ["b"]);
    // So does a replay: it is no change.
    assert_eq!(alice.changes(0).await["items"].as_array().map(Vec::len), Some(2));
    create(&alice, "key-2", &body).await.expect_status(201).expect_no_header("idempotent-replayed");
    assert_eq!(alice.titles(&[("sort", "title")]).await, ["a", "b"]);
}

pub async fn key_of_another_request_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a"});
    let first = create(&alice, "k", &body).await.expect_status(201);
    create(&alice, "k", &json!({"title": "b"})).await.expect_status(422).problem("idempotency_key_reused");
    create(&alice, "k", &body).query(&[("tag", "x")]).await.problem("idempotency_key_reused");
    alice.capture("text/markdown", body.to_string()).header(KEY, "k").await.problem("idempotency_key_reused");
    alice.batch(&json!([{"op": "create", "memo": body}])).header(KEY, "k").await.problem("idempotency_key_reused");
    assert_replayed(create(&alice, "k", &body).await, &first);
    assert_eq!(alice.titles(&[]).await, ["a"]);
}

pub async fn concurrent_requests_with_one_key_create_one_memo(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a", "content": "x".repeat(5_000)});
    let mut running = JoinSet::new();
    for _ in 0..50 {
        running.spawn(create(&alice, "k", &body).into_future());
    }
    let mut bodies = Vec::new();
    for response in running.join_all().await {
        match response.status {
            201 => bodies.push(response.body),
            _ => drop(response.expect_status(409).problem("idempotency_key_in_use")),
        }
    }
    assert!(!bodies.is_empty() && bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(alice.titles(&[]).await, ["a"]);
    let again = create(&alice, "k", &body).await.expect_status(201).expect_header("idempotent-replayed", "true");
    assert_eq!(again.body, bodies[0]);
}

pub async fn request_whose_connection_was_lost_can_be_repeated(app: TestApp) {
    let alice = app.user("alice").await;
    for n in 0..5 {
        let body = json!({"title": format!("{n}")});
        let text = body.to_string();
        let request = format!(
            "POST /api/v1/memos HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {n}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            alice.access_token,
            text.len()
        );
        // Lost before, while or after the memo is created.
        let connection = app.open(request.as_bytes()).await;
        for _ in 0..n {
            tokio::task::yield_now().await;
        }
        drop(connection);
        let repeated = eventually("the first request has ended", async || {
            Some(create(&alice, &n.to_string(), &body).await).filter(|response| response.status != 409)
        });
        repeated.await.expect_status(201);
    }
    assert_eq!(alice.titles(&[("sort", "title")]).await, ["0", "1", "2", "3", "4"]);
}

pub async fn key_belongs_to_its_user(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"title": "a"});
    let first = create(&alice, "k", &body).await.expect_status(201);
    create(&bob, "k", &body).await.expect_status(201).expect_no_header("idempotent-replayed");
    let other = alice.with_new_token().await;
    assert_replayed(other.create_memo(&body).header(KEY, "k").await, &first);
}

pub async fn failed_request_leaves_its_key_free(app: TestApp) {
    let alice = app.user("alice").await;
    create(&alice, "k", &json!({"title": ""})).await.expect_status(422).problem("validation_failed");
    let remind_at = json!({"title": "a", "remind_at": "2020-01-01T00:00:00Z"});
    create(&alice, "k", &remind_at).await.invalid("/remind_at", "not_in_future");
    create(&alice, "k", &json!({"title": "a"})).await.expect_status(201);
    assert_eq!(alice.titles(&[]).await, ["a"]);
}

pub async fn key_expires_after_24_hours(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a"});
    let first = create(&alice, "k", &body).await.expect_status(201);
    app.clock.advance(DAY);
    let alice = alice.with_new_token().await;
    assert_replayed(alice.create_memo(&body).header(KEY, "k").await, &first);
    app.clock.advance(Duration::from_micros(1));
    for _ in 0..2 {
        let other = alice.create_memo(&json!({"title": "b"})).header(KEY, "k").await.expect_status(201);
        assert_ne!(other.id(), first.id());
    }
    assert_eq!(alice.titles(&[("sort", "title")]).await, ["a", "b"]);
}

pub async fn repeated_batch_and_text_get_the_first_response(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("old").await;
    let operations = json!([
        {"op": "create", "memo": {"title": "new"}},
        {"op": "update", "id": id, "memo": {"pinned": true}},
        {"op": "delete", "id": id},
    ]);
    let failing =
        json!([{"op": "create", "memo": {"title": "lost"}}, {"op": "update", "id": id, "if_version": 9, "memo": {}}]);
    alice.batch(&failing).header(KEY, "k").await.problem("precondition_failed");
    let first = alice.batch(&operations).header(KEY, "k").await.expect_status(200);
    assert_replayed(alice.batch(&operations).header(KEY, "k").await, &first);
    let capture = || alice.capture("text/markdown", "# text\n").header(KEY, "t");
    let first = capture().await.expect_status(201);
    assert_replayed(capture().await, &first);
    assert_eq!(alice.titles(&[("sort", "title")]).await, ["new", "text"]);
}

/// Requests whose first response has these secrets, with one key for each.
fn secret_calls(user: &User, memo: &str) -> [(Call, &'static [&'static str]); 2] {
    let share = user.share(memo, &json!({"expires_at": "2999-01-31T09:00:00Z"})).header(KEY, "s");
    let key = user.create_api_key(&json!({"name": "a", "scopes": ["memos:read"]})).header(KEY, "k");
    [(share, &["token", "url"]), (key, &["secret"])]
}

/// Asserts that the user has one share and one API key.
async fn assert_one_of_each(user: &User, memo: &str) {
    for list in [user.shares(memo).await, user.api_keys().await] {
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{}", list.json);
    }
}

pub async fn replayed_response_leaves_out_its_secret(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.memo("a").await;
    let (first, again) = (secret_calls(&alice, &memo), secret_calls(&alice, &memo));
    for ((first, secrets), (again, _)) in first.into_iter().zip(again) {
        let first = first.await.expect_status(201).expect_no_header("idempotent-replayed");
        let again = again.await.expect_status(201).expect_header("idempotent-replayed", "true");
        let mut expected = first.json.clone();
        for name in secrets {
            assert!(!again.shown().contains(first.text(name)), "{}", again.shown());
            expected.as_object_mut().expect("an object").remove(*name);
        }
        assert_eq!(again.json, expected);
        for name in ["location", "content-type", "cache-control"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
    }
    assert_one_of_each(&alice, &memo).await;
    alice.share(&memo, &json!({})).header(KEY, "s").await.expect_status(422).problem("idempotency_key_reused");
    let other = json!({"name": "b", "scopes": ["memos:read"]});
    alice.create_api_key(&other).header(KEY, "k").await.expect_status(422).problem("idempotency_key_reused");
    assert_one_of_each(&alice, &memo).await;
}

pub async fn concurrent_requests_with_one_key_show_one_secret(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.memo("a").await;
    let mut running = JoinSet::new();
    for _ in 0..50 {
        for (call, secrets) in secret_calls(&alice, &memo) {
            running.spawn(async move { (call.await, secrets) });
        }
    }
    let mut shown = Vec::new();
    for (response, secrets) in running.join_all().await {
        match response.status {
            201 if response[secrets[0]].is_string() => shown.push(secrets[0]),
            201 => drop(response.expect_header("idempotent-replayed", "true")),
            _ => drop(response.expect_status(409).problem("idempotency_key_in_use")),
        }
    }
    shown.sort_unstable();
    assert_eq!(shown, ["secret", "token"]);
    assert_one_of_each(&alice, &memo).await;
}

pub async fn every_post_that_creates_reads_the_key(app: TestApp) {
    let alice = app.user("alice").await;
    let creates = |item: &Value| item["responses"]["201"].is_object();
    for operation in known().operations().filter(|one| one.method == "post" && creates(one.item)) {
        let parameters = operation.item["parameters"].as_array().into_iter().flatten();
        let takes_key = parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(takes_key, operation.path != "/api/v1/auth/sign-up", "{}", operation.path);
        let Some((media_type, example)) = operation.example().filter(|_| takes_key) else { continue };
        let call = alice.call("POST", &operation.target()).body(media_type, example.to_string());
        call.header(KEY, "").await.expect_status(400).problem("invalid_header");
    }
}

pub async fn invalid_key_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let body = json!({"title": "a"});
    let long = "k".repeat(256);
    for key in ["", "\"\"", "\"a", "\"a\"b\"", "키", &long] {
        create(&alice, key, &body).await.expect_status(400).problem("invalid_header");
    }
    create(&alice, "a", &body).header(KEY, "b").await.expect_status(400).problem("invalid_header");
    assert_eq!(alice.titles(&[]).await, [""; 0]);
    // Operations that create nothing ignore it.
    alice.me().header(KEY, "").await.expect_status(200);
}

pub async fn response_that_is_too_large_to_be_repeated_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let memo = alice.create_memo(&json!({"title": "a", "content": "한".repeat(100_000)})).await.expect_status(201);
    let update = |n: usize| json!({"op": "update", "id": memo.id(), "memo": {"pinned": n.is_multiple_of(2)}});
    let operations: Value = (0..36).map(update).collect();
    alice.batch(&operations).header(KEY, "k").await.expect_status(413).problem("idempotent_response_too_large");
    alice.get_memo(memo.id()).if_none_match(memo.tag()).await.expect_empty(304);
    alice.batch(&operations).await.expect_status(200);
}
