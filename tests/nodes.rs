//! Several nodes over one store, which meet at a Redis.

use std::{sync::Arc, time::Duration};

use memo_conformance::TestStore;
use memo_domain::Store;
use memo_memory::MemoryStore;
use memo_test_databases::{Proxy, redis_url};
use memo_testkit::TestApp;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// The store of several nodes. That one of them closes it means nothing to a store in memory.
struct Shared(Arc<dyn Store>);

impl TestStore for Shared {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

/// What nodes have in common.
struct Nodes {
    store: Arc<dyn Store>,
    keys: TempDir,
    redis: String,
}

impl Nodes {
    fn new(redis: String) -> Self {
        Self { store: Arc::new(MemoryStore::new()), keys: tempfile::tempdir().expect("a folder"), redis }
    }

    /// One more.
    async fn start(&self) -> TestApp {
        let [signing, pepper] = ["signing.key", "pepper.key"].map(|name| self.keys.path().join(name));
        let node = TestApp::builder(Box::new(Shared(self.store.clone()))).settings(|settings| {
            settings.auth.signing_key_file = Some(signing);
            settings.auth.pepper_file = Some(pepper);
            settings.cache.url = self.redis.as_str().into();
            settings.server.public_url = Some("http://localhost".to_owned());
        });
        node.start().await
    }
}

#[tokio::test]
async fn a_sign_in_that_ends_on_one_node_ends_on_the_others_at_once() {
    let Some(redis) = redis_url().await else { return };
    let nodes = Nodes::new(redis);
    let (here, there) = (nodes.start().await, nodes.start().await);
    // Their clocks stand still: what a node remembers never grows old.
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
        let began = Instant::now();
        while other.me().await.status != 401 {
            assert!(began.elapsed() < Duration::from_secs(5), "{end}: the sign-in goes on");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_browser_goes_from_node_to_node() {
    let Some(redis) = redis_url().await else { return };
    let nodes = Nodes::new(redis);
    let (here, there) = (nodes.start().await, nodes.start().await);
    let alice = here.user("alice").await;
    let browser = here.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    let other = there.browser();
    other.set_session(&browser.session());
    other.call("GET", "/api/v1/me").await.expect_status(200);

    // A use on one node carries it on for both: thirteen days, and again.
    let days = Duration::from_hours(13 * 24);
    for (node, user) in [(&here, &browser), (&there, &other), (&here, &browser)] {
        here.clock.advance(days);
        there.clock.advance(days);
        user.call("GET", "/api/v1/me").await.expect_status(200);
        let list = user.call("GET", "/api/v1/auth/sessions").await.expect_status(200);
        let seen = list.json["items"].as_array().expect("a list").iter().map(|item| item["last_seen_at"].clone());
        assert!(seen.clone().any(|seen| seen == node.now()), "{:?}", list.json);
    }
    browser.call("DELETE", "/api/v1/auth/session").await.expect_empty(204);
    let began = Instant::now();
    while other.call("GET", "/api/v1/me").await.status != 401 {
        assert!(began.elapsed() < Duration::from_secs(5), "the sign-in goes on");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_out_of_reach_is_said() {
    let Some(redis) = redis_url().await else { return };
    let address = redis.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::start(address).await;
    let node = Nodes::new(format!("redis://127.0.0.1:{}", proxy.port())).start().await;
    let alice = node.user("alice").await;
    let browser = node.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    proxy.cut();
    let unready = node.anonymous().get("/readyz").await.expect_status(503);
    unready.problem("cache_unavailable");
    node.clock.advance(Duration::from_mins(1));
    let unknown = browser.call("GET", "/api/v1/me").await.expect_status(503);
    unknown.problem("store_unavailable");
    let refused = browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(503);
    refused.problem("store_unavailable");
    alice.me().await.expect_status(200);
    node.anonymous().get("/healthz").await.expect_status(200);

    proxy.restore().await;
    let began = Instant::now();
    while node.anonymous().get("/readyz").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is never ready again");
        sleep(Duration::from_millis(10)).await;
    }
    browser.call("GET", "/api/v1/me").await.expect_status(200);
}
