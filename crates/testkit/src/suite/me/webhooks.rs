//! Webhooks: how users manage them.

use memo_conformance::eventually;
use serde_json::{Value, json};

use super::api_keys::with_key;
use crate::{Actor, Response, TestApp, suite::assert_json, suite::send_concurrently};

/// Where webhooks of tests send to.
pub const URL: &str = "https://hooks.example.com/in?token=hunter2";

/// A new webhook with this URL.
pub async fn created(user: &Actor, url: &str) -> Response {
    user.create_webhook(&json!({"url": url})).await.expect_status(201)
}

/// The deliveries of a webhook, the newest first.
pub async fn deliveries(user: &Actor, id: &str) -> Vec<Value> {
    let page = user.webhook_deliveries(id, "?limit=100").await.expect_status(200);
    page["items"].as_array().expect("a list").clone()
}

/// Waits until the newest delivery of a webhook has this status, and returns it.
pub async fn newest(user: &Actor, id: &str, status: &str) -> Value {
    let what = format!("a delivery that is {status}");
    eventually(&what, async || deliveries(user, id).await.into_iter().next().filter(|one| one["status"] == status))
        .await
}

pub async fn webhook_is_shown_with_its_secret_once(app: TestApp) {
    let alice = app.user("alice").await;
    let first = created(&alice, URL).await;
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.header("location"), Some(&*format!("/api/v1/me/webhooks/{}", first.id())));
    let secret = first.text("secret").strip_prefix("whsec_").expect("the prefix").to_owned();
    assert_eq!(secret.len(), 44, "32 bytes in base64");
    let new = json!({
        "url": "https://hooks.example.com", "name": " build ", "events": ["memo.deleted", "memo.created", "memo.created"],
        "enabled": false
    });
    let second = alice.create_webhook(&new).await.expect_status(201);
    assert_ne!(second.text("secret"), first.text("secret"));
    let list = alice.webhooks().await.expect_status(200);
    let without_secret = |created: &Response| {
        let mut json = created.json.clone();
        json.as_object_mut().expect("an object").remove("secret");
        json
    };
    assert_eq!(list.json, json!({"items": [without_secret(&second), without_secret(&first)]}));
    let mut shown = list["items"][0].clone();
    shown.as_object_mut().expect("an object").remove("id");
    assert_json!(shown, @r#"
    {
      "created_at": "2026-01-31T09:00:00.123456Z",
      "disabled_reason": null,
      "enabled": false,
      "events": [
        "memo.created",
        "memo.deleted"
      ],
      "failing_since": null,
      "name": "build",
      "updated_at": "2026-01-31T09:00:00.123456Z",
      "url": "https://hooks.example.com"
    }
    "#);
    let all = list["items"][1]["events"].as_array().expect("a list");
    assert!(all.contains(&json!("memo.liked")) && all.contains(&json!("memo.updated")), "by default all kinds");
    let kinds: Vec<_> = alice.audit().await.expect_status(200)["items"].as_array().expect("a list").clone();
    assert_eq!(kinds[0]["kind"], "webhook.created");
    assert_eq!(kinds[0]["detail"], second.id());
}

pub async fn repeated_creation_of_a_webhook_has_its_effect_once(app: TestApp) {
    let alice = app.user("alice").await;
    let create = || alice.create_webhook(&json!({"url": URL})).header("idempotency-key", "a");
    let first = create().await.expect_status(201);
    let again = create().await.expect_status(201).expect_header("idempotent-replayed", "true");
    assert_eq!((again.id(), &again["secret"]), (first.id(), &Value::Null));
    assert!(first.text("secret").starts_with("whsec_"));
    assert_eq!(alice.webhooks().await["items"].as_array().map(Vec::len), Some(1));
}

pub async fn invalid_webhook_is_rejected_with_its_pointer(app: TestApp) {
    let alice = app.user("alice").await;
    let valid = created(&alice, URL).await;
    let long = format!("https://example.com/{}", "a".repeat(1_981));
    for (field, value, place, code) in [
        ("url", json!(""), "/url", "too_short"),
        ("url", json!(long), "/url", "too_long"),
        ("url", json!("example.com"), "/url", "malformed"),
        ("url", json!("ftp://example.com"), "/url", "malformed"),
        ("url", json!("https://example.com/a b"), "/url", "malformed"),
        ("url", json!("https://example.com/\0"), "/url", "malformed"),
        ("url", json!("https://a:b@example.com"), "/url", "url_credentials"),
        ("url", json!("https://example.com/#a"), "/url", "url_fragment"),
        ("url", json!("http://example.com"), "/url", "insecure_url"),
        ("url", json!("https://127.0.0.1/"), "/url", "address_not_allowed"),
        ("url", json!(7), "/url", "wrong_type"),
        ("name", json!(" "), "/name", "too_short"),
        ("name", json!("a".repeat(101)), "/name", "too_long"),
        ("name", json!("a\nb"), "/name", "control_character"),
        ("events", json!([]), "/events", "required"),
        ("events", json!(["memo.created", "memo.painted"]), "/events/1", "malformed"),
        ("events", json!(vec!["memo.created"; 200]), "/events", "too_many"),
        ("enabled", json!("yes"), "/enabled", "wrong_type"),
        ("secret", json!("whsec_x"), "/secret", "unknown_member"),
        ("user_id", json!(alice.id), "/user_id", "unknown_member"),
    ] {
        let mut new = json!({"url": URL});
        new[field] = value.clone();
        alice.create_webhook(&new).await.expect_status(422).invalid(place, code);
        let patch = json!({field: value});
        alice.patch_webhook(valid.id(), &patch).await.expect_status(422).invalid(place, code);
    }
    alice.create_webhook(&json!({})).await.expect_status(422).invalid("/url", "required");
    for field in ["url", "enabled", "rotate_secret"] {
        let place = format!("/{field}");
        alice.patch_webhook(valid.id(), &json!({field: null})).await.expect_status(422).invalid(&place, "required");
    }
    assert_eq!(alice.webhooks().await["items"].as_array().map(Vec::len), Some(1));
}

pub async fn webhook_is_changed_and_removed(app: TestApp) {
    let alice = app.user("alice").await;
    let webhook = created(&alice, URL).await;
    let id = webhook.id();
    let patch = json!({"name": "b", "events": ["memo.created"], "enabled": false, "url": "https://other.example.com"});
    let changed = alice.patch_webhook(id, &patch).await.expect_status(200);
    for (field, value) in patch.as_object().expect("an object") {
        assert_eq!(changed[field.as_str()], *value);
    }
    assert_eq!(changed["secret"], Value::Null, "the secret stays, and is not shown");
    let reset = alice.patch_webhook(id, &json!({"name": null, "events": null})).await.expect_status(200);
    assert_eq!((&reset["name"], reset["events"].as_array().map(Vec::len) > Some(1)), (&Value::Null, true));
    let same = alice.patch_webhook(id, &json!({"enabled": false})).await.expect_status(200);
    assert_eq!(same.json, reset.json);
    let rotated = alice.patch_webhook(id, &json!({"rotate_secret": true})).await.expect_status(200);
    assert_eq!(rotated.header("cache-control"), Some("no-store"));
    assert!(rotated.text("secret").starts_with("whsec_"));
    assert_ne!(rotated.text("secret"), webhook.text("secret"));
    alice.delete_webhook(id).await.expect_empty(204);
    alice.delete_webhook(id).await.expect_status(404).problem("webhook_not_found");
    assert_eq!(alice.webhooks().await.expect_status(200).json, json!({"items": []}));
}

pub async fn webhook_of_another_user_is_not_found(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (webhook, other) = (created(&alice, URL).await, created(&bob, URL).await);
    let ping = alice.ping_webhook(webhook.id()).await.expect_status(202);
    for id in [webhook.id(), "0198c0de-7f00-7000-8000-0000000000ff", "x"] {
        for call in [
            bob.patch_webhook(id, &json!({"name": "b"})),
            bob.patch_webhook(id, &json!({"url": URL})),
            bob.delete_webhook(id),
            bob.ping_webhook(id),
            bob.webhook_deliveries(id, ""),
            bob.redeliver(id, ping.id()),
        ] {
            call.await.expect_status(404).problem("webhook_not_found");
        }
    }
    for delivery in [ping.id(), "0198c0de-7f00-7000-8000-0000000000ff", "x"] {
        bob.redeliver(other.id(), delivery).await.expect_status(404).problem("webhook_delivery_not_found");
    }
    assert_eq!(bob.webhooks().await["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(alice.webhooks().await["items"][0]["name"], Value::Null);
}

pub async fn webhooks_of_a_user_are_limited(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let body = json!({"url": URL});
    let responses = send_concurrently((0..13).map(|_| alice.create_webhook(&body))).await;
    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 10].as_slice(), &[409; 3]].concat());
    alice.create_webhook(&body).await.expect_status(409).problem("webhook_limit_reached");
    created(&bob, URL).await;
    let list = alice.webhooks().await;
    alice.delete_webhook(list["items"][0]["id"].as_str().expect("an id")).await.expect_empty(204);
    created(&alice, URL).await;
}

pub async fn webhook_needs_the_scopes_of_the_account(app: TestApp) {
    let alice = app.user("alice").await;
    let writer = with_key(&app, &alice, &["account:write"]).await;
    let reader = with_key(&app, &alice, &["account:read"]).await;
    let webhook = created(&writer, URL).await;
    let id = webhook.id();
    writer.patch_webhook(id, &json!({"name": "b"})).await.expect_status(200);
    let ping = writer.ping_webhook(id).await.expect_status(202);
    reader.webhooks().await.expect_status(200);
    reader.webhook_deliveries(id, "").await.expect_status(200);
    for call in [writer.webhooks(), writer.webhook_deliveries(id, "")] {
        call.await.expect_status(403).problem("insufficient_scope");
    }
    for call in [
        reader.create_webhook(&json!({"url": URL})),
        reader.patch_webhook(id, &json!({"name": "b"})),
        reader.delete_webhook(id),
        reader.ping_webhook(id),
        reader.redeliver(id, ping.id()),
    ] {
        call.await.expect_status(403).problem("insufficient_scope");
    }
    for call in [app.anonymous().webhooks(), app.anonymous().ping_webhook(id)] {
        call.await.expect_status(401);
    }
    writer.delete_webhook(id).await.expect_empty(204);
}
