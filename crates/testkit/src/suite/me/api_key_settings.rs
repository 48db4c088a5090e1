//! API keys under other settings. These tests start their own apps.

use memo_conformance::TestStore;
use serde_json::json;

use crate::TestApp;

pub async fn api_key_is_accepted_from_its_networks_only(store: Box<dyn TestStore>) {
    let behind_proxies = |settings: &mut memo_server::Settings| {
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    };
    let app = TestApp::builder(store).settings(behind_proxies).start().await;
    let alice = app.user("alice").await;
    let networks = ["203.0.113.0/24", "2001:db8:1::/48", "198.51.100.7"];
    let new = json!({"name": "a", "scopes": ["account:read"], "ip_allowlist": networks});
    let created = alice.create_api_key(&new).await.expect_status(201);
    let key = app.anonymous().with_token(created.text("secret"));
    let from = |forwarded: &str| key.me().header("x-forwarded-for", forwarded);
    for address in
        ["203.0.113.9", "2001:db8:1:2::3", "198.51.100.7", "192.0.2.1, 203.0.113.9", "203.0.113.9, 127.0.0.2"]
    {
        from(address).await.expect_status(200);
    }
    // The client itself may write all but the last address.
    for address in ["203.0.114.1", "2001:db8:2::1", "198.51.100.8", "203.0.113.9, 192.0.2.1", "127.0.0.1"] {
        from(address).await.expect_status(403).problem("ip_not_allowed");
    }
    key.me().header("forwarded", "for=203.0.113.9").await.expect_status(403).problem("ip_not_allowed");
    // Who does not have the secret does not learn that the address matters.
    let guess = format!("memo_{}_{}", created.id(), "0".repeat(64));
    app.anonymous()
        .with_token(&guess)
        .me()
        .header("x-forwarded-for", "192.0.2.1")
        .await
        .expect_status(401)
        .problem("api_key_invalid");
    alice.patch_api_key(created.id(), &json!({"ip_allowlist": null})).await.expect_status(200);
    from("192.0.2.1").await.expect_status(200);
}

pub async fn number_of_api_keys_is_a_setting(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.api_keys.max_per_user = 1).start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let new = json!({"name": "a", "scopes": ["memos:read"]});
    let key = alice.create_api_key(&new).await.expect_status(201);
    alice.create_api_key(&new).await.expect_status(409).problem("api_key_limit_reached");
    bob.create_api_key(&new).await.expect_status(201);
    alice.delete_api_key(key.id()).await.expect_empty(204);
    alice.create_api_key(&new).await.expect_status(201);
}
