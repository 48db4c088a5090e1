//! Several nodes over one store that share a Redis.

use std::{sync::Arc, time::Duration};

use memo_conformance::eventually;
use memo_domain::{Clock as _, Store};
use memo_memory::MemoryStore;
use memo_test_databases::{Proxy, redis_url};
use memo_testkit::{Signer, TestApp, TestAppBuilder};
use serde_json::json;

use super::InMemory;

/// The store and Redis that the nodes share.
struct Nodes {
    store: Arc<dyn Store>,
    redis: String,
}

impl Nodes {
    fn new(redis: String) -> Self {
        Self { store: Arc::new(MemoryStore::new()), redis }
    }

    /// Starts two nodes.
    async fn two(&self) -> (TestApp, TestApp) {
        let one = self.node().start().await;
        let other = self.node().node_of(&one).start().await;
        (one, other)
    }

    fn node(&self) -> TestAppBuilder {
        TestApp::builder(Box::new(InMemory { store: self.store.clone(), cache_url: Some(self.redis.clone()) }))
    }
}

#[tokio::test]
async fn session_ended_on_one_node_ends_on_the_others_without_delay() {
    let Some(redis) = redis_url().await else { return };
    let (here, there) = Nodes::new(redis).two().await;
    // The clocks stand still, so cached sessions never expire by themselves.
    for end in ["revoke", "password"] {
        let alice = here.user("alice").await;
        let tokens = here.anonymous().sign_in(&alice.email, &alice.password).await.expect_status(200);
        let token = tokens.text("access_token");
        let other = there.anonymous().with_token(token);
        other.me().await.expect_status(200);
        if end == "revoke" {
            here.anonymous().revoke(token).await.expect_status(200);
        } else {
            let change = json!({"current_password": alice.password, "new_password": "another horse battery"});
            alice.call("PUT", "/api/v1/me/password").json(&change).await.expect_empty(204);
        }
        let what = format!("{end}: the session ends on the other node");
        eventually(&what, async || (other.me().await.status == 401).then_some(())).await;
    }
}

#[tokio::test]
async fn api_key_changed_on_one_node_changes_on_the_others_without_delay() {
    let Some(redis) = redis_url().await else { return };
    let (here, there) = Nodes::new(redis).two().await;
    let alice = here.user("alice").await;
    let new = json!({"name": "a", "scopes": ["account:read"]});
    let key = alice.create_api_key(&new).await.expect_status(201);
    let other = there.anonymous().with_token(key.text("secret"));
    other.me().await.expect_status(200);
    alice.patch_api_key(key.id(), &json!({"scopes": ["memos:read"]})).await.expect_status(200);
    eventually("the other node knows the scopes", async || (other.me().await.status == 403).then_some(())).await;
    alice.delete_api_key(key.id()).await.expect_empty(204);
    eventually("the key ends on the other node", async || (other.me().await.status == 401).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_request_is_accepted_by_one_node_once() {
    let Some(redis) = redis_url().await else { return };
    let address = redis.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::start(address).await;
    let (here, there) = Nodes::new(format!("redis://127.0.0.1:{}", proxy.port())).two().await;
    let alice = here.user("alice").await;
    let new = json!({"name": "s", "kind": "signed", "scopes": ["account:read"]});
    let key = alice.create_api_key(&new).await.expect_status(201);
    let signer = |nonce: &str| Signer::new(&key, here.clock.now().as_secs(), nonce).origin(here.url());
    let (sent, replayed) = (signer("1").sign(here.anonymous().me()), signer("1").sign(there.anonymous().me()));
    sent.clone().await.expect_status(200);
    for call in [replayed, sent] {
        call.await.expect_status(401).problem("signature_replayed");
    }
    // Without the cache, a node does not know what another one has seen.
    proxy.cut();
    signer("2").sign(here.anonymous().me()).await.expect_status(503).problem("cache_unavailable");
    proxy.restore().await;
    let call = || signer("2").sign(here.anonymous().me());
    eventually("the cache is back", async || (call().await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn browser_session_is_shared_between_nodes() {
    let Some(redis) = redis_url().await else { return };
    let (here, there) = Nodes::new(redis).two().await;
    let alice = here.user("alice").await;
    let browser = here.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let other = there.browser();
    other.set_session(&browser.session());
    other.call("GET", "/api/v1/me").await.expect_status(200);

    // A use on either node extends the session on both: thirteen days at a time.
    let days = Duration::from_hours(13 * 24);
    for (node, user) in [(&here, &browser), (&there, &other), (&here, &browser)] {
        here.clock.advance(days);
        user.call("GET", "/api/v1/me").await.expect_status(200);
        let list = user.call("GET", "/api/v1/auth/sessions").await.expect_status(200);
        let mut seen = list.json["items"].as_array().expect("a list").iter().map(|item| item["last_seen_at"].clone());
        assert!(seen.any(|seen| seen == node.now()), "{:?}", list.json);
    }
    browser.call("DELETE", "/api/v1/auth/session").await.expect_empty(204);
    let has_ended = async || (other.me().await.status == 401).then_some(());
    eventually("the session ends on the other node", has_ended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreachable_redis_is_reported_and_recovers() {
    let Some(redis) = redis_url().await else { return };
    let address = redis.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::start(address).await;
    let node = Nodes::new(format!("redis://127.0.0.1:{}", proxy.port())).node().start().await;
    let alice = node.user("alice").await;
    let browser = node.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    proxy.cut();
    let unready = node.anonymous().get("/readyz").await.expect_status(503);
    unready.problem("cache_unavailable");
    node.clock.advance(Duration::from_mins(1));
    let unknown = browser.call("GET", "/api/v1/me").await.expect_status(503);
    unknown.problem("store_unavailable");
    let rejected = browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(503);
    rejected.problem("store_unavailable");
    alice.me().await.expect_status(200);
    node.anonymous().get("/healthz").await.expect_status(200);

    proxy.restore().await;
    let is_ready = async || (node.anonymous().get("/readyz").await.status == 200).then_some(());
    eventually("the node is ready again", is_ready).await;
    browser.call("GET", "/api/v1/me").await.expect_status(200);
}
