//! Requests that a proxy received without encryption. These tests start their own apps.

use memo_conformance::TestStore;
use memo_server::{ForwardedHeader, Settings};
use serde_json::{Value, json};

use crate::{Call, Response, Signer, TestApp, contract::known, suite::me::api_keys::created};

async fn app(store: Box<dyn TestStore>, change: impl FnOnce(&mut Settings)) -> TestApp {
    let settings = |settings: &mut Settings| {
        settings.server.public_url = Some("https://memo.test".to_owned());
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        change(settings);
    };
    TestApp::builder(store).settings(settings).start().await
}

fn in_clear(call: Call) -> Call {
    call.header("x-forwarded-for", "203.0.113.9").header("x-forwarded-proto", "http")
}

fn encrypted(call: Call) -> Call {
    call.header("x-forwarded-for", "203.0.113.9").header("x-forwarded-proto", "https")
}

fn assert_insecure(response: Response) {
    response.expect_status(403).problem("insecure_transport").expect_no_header("strict-transport-security");
}

pub async fn request_without_encryption_is_refused_whatever_its_credential(store: Box<dyn TestStore>) {
    let app = app(store, |_| {}).await;
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    for operation in known().operations() {
        assert_insecure(in_clear(anonymous.call(&operation.method.to_uppercase(), &operation.target())).await);
    }
    assert_insecure(in_clear(anonymous.get("/nowhere")).await);
    assert_insecure(in_clear(alice.me()).await);
    assert_insecure(in_clear(anonymous.with_token("memo_x").me()).await);
    // The access token is not known to others, and is valid for minutes.
    let response = encrypted(alice.me()).await.expect_status(200);
    assert_eq!(response.header("strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(
        encrypted(anonymous.get("/nowhere")).await.header("strict-transport-security"),
        Some("max-age=31536000")
    );
    alice.me().header("forwarded", "for=203.0.113.9;proto=http").await.expect_status(200);
}

pub async fn bearer_key_sent_without_encryption_is_removed(store: Box<dyn TestStore>) {
    let app = app(store, |_| {}).await;
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let (seen, kept) = (created(&alice, &["account:read"]).await, created(&alice, &["account:read"]).await);
    let new = json!({"name": "s", "kind": "signed", "scopes": ["account:read"]});
    let signing_key = alice.create_api_key(&new).await.expect_status(201);
    let key = anonymous.with_token(seen.text("secret"));
    encrypted(key.me()).await.expect_status(200);
    // Who does not know the secret removes nothing.
    let guess = format!("memo_{}_{}", kept.id(), "0".repeat(64));
    assert_insecure(in_clear(anonymous.with_token(&guess).me()).await);
    let now = memo_domain::Clock::now(&*app.clock).as_secs();
    let signer = Signer::new(&signing_key, now, "1").origin("http://memo.test");
    assert_insecure(in_clear(signer.sign(anonymous.me())).await);
    assert_insecure(in_clear(key.me().header("x-request-id", "the-leak")).await);
    encrypted(key.me()).await.expect_status(401).problem("api_key_invalid");
    assert_insecure(in_clear(key.me()).await);
    encrypted(anonymous.with_token(kept.text("secret")).me()).await.expect_status(200);
    let list = alice.api_keys().await.expect_status(200);
    let ids: Vec<_> = list["items"].as_array().expect("a list").iter().map(|key| key["id"].clone()).collect();
    assert_eq!(ids, [json!(signing_key.id()), json!(kept.id())]);
    let events = alice.audit().await.expect_status(200);
    let event = &events["items"][0];
    let shown = ["kind", "detail", "ip", "request_id"].map(|name| event[name].clone());
    assert_eq!(shown, ["api_key.exposed", seen.id(), "203.0.113.9", "the-leak"].map(Value::from));
    assert_ne!(events["items"][1]["kind"], "api_key.exposed");
}

pub async fn forwarded_header_says_whether_a_request_was_encrypted(store: Box<dyn TestStore>) {
    let app = app(store, |settings| settings.server.forwarded_header = ForwardedHeader::Forwarded).await;
    let anonymous = app.anonymous();
    let get = || anonymous.get("/api/v1/auth/providers");
    assert_insecure(get().header("forwarded", "for=203.0.113.9;proto=http").await);
    get().header("forwarded", "for=203.0.113.9;proto=https").await.expect_status(200);
    in_clear(get()).await.expect_status(200);
}

pub async fn encryption_is_not_expected_of_an_http_server(store: Box<dyn TestStore>) {
    let app = app(store, |settings| settings.server.public_url = Some("http://memo.test".to_owned())).await;
    let response = in_clear(app.anonymous().get("/api/v1/auth/providers")).await.expect_status(200);
    response.expect_no_header("strict-transport-security");
}

/// The client signs the URL that it knows, and the proxy tells the scheme.
pub async fn signed_request_passes_a_proxy(store: Box<dyn TestStore>) {
    let app = app(store, |settings| {
        settings.server.trusted_hosts = Some(vec!["memo.test".into(), "localhost".into(), "127.0.0.1".into()]);
    })
    .await;
    let (alice, anonymous) = (app.user("alice").await, app.anonymous());
    let new = json!({"name": "s", "kind": "signed", "scopes": ["account:read"]});
    let key = alice.create_api_key(&new).await.expect_status(201);
    let signer = |nonce: &str, origin: &str| {
        Signer::new(&key, memo_domain::Clock::now(&*app.clock).as_secs(), nonce).origin(origin)
    };
    let host = |call: Call, host: &str| encrypted(call.header("host", host));
    // The proxy keeps the host, or replaces it.
    signer("1", "https://memo.test").sign(host(anonymous.me(), "Memo.Test:443")).await.expect_status(200);
    signer("2", "https://memo.test").sign(host(anonymous.me(), "localhost:8080")).await.expect_status(200);
    signer("3", "https://localhost:8443").sign(host(anonymous.me(), "localhost:8443")).await.expect_status(200);
    for origin in ["http://memo.test", "https://localhost:8443", "https://evil.example"] {
        let refused = signer("4", origin).sign(host(anonymous.me(), "memo.test")).await;
        refused.expect_status(401).problem("signature_invalid");
    }
}
