//! Several nodes over one store, which tell each other by way of Redis.

use std::{sync::Arc, time::Duration};

use memo_conformance::TestStore;
use memo_domain::Store;
use memo_testkit::{TestApp, TestAppBuilder};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// The store of several nodes. That one of them closes it means nothing to a store in memory.
struct Shared(Arc<dyn Store>);

impl TestStore for Shared {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_sign_in_that_ends_on_one_node_ends_on_the_others_at_once() {
    let Some(redis) = memo_test_databases::redis_url().await else { return };
    let store: Arc<dyn Store> = Arc::new(memo_memory::MemoryStore::new());
    let keys = tempfile::tempdir().expect("a folder");
    let node = |keys: &TempDir| -> TestAppBuilder {
        let [signing, pepper] = ["signing.key", "pepper.key"].map(|name| keys.path().join(name));
        TestApp::builder(Box::new(Shared(store.clone()))).settings(|settings| {
            settings.auth.signing_key_file = Some(signing);
            settings.auth.pepper_file = Some(pepper);
            settings.cache.url = redis.as_str().into();
            settings.server.public_url = Some("http://localhost".to_owned());
        })
    };
    let (here, there) = (node(&keys).start().await, node(&keys).start().await);
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
            let change =
                serde_json::json!({"current_password": alice.password, "new_password": "another horse battery"});
            alice.call("PUT", "/api/v1/me/password").json(&change).await.expect_empty(204);
        }
        let began = Instant::now();
        while other.me().await.status != 401 {
            assert!(began.elapsed() < Duration::from_secs(5), "{end}: the sign-in goes on");
            sleep(Duration::from_millis(10)).await;
        }
    }
}
