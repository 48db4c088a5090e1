//! Signing out while the store is unreachable. These tests start their own apps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};

use crate::TestApp;

/// A store that a test can make unreachable.
struct ToggledStore {
    store: Arc<dyn Store>,
    is_unreachable: Arc<AtomicBool>,
}

#[async_trait]
impl Store for ToggledStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        if self.is_unreachable.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { source: "planned".into() });
        }
        self.store.begin_for(access, user).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// Hands the toggled store to an app and keeps the real test store alive.
struct ToggledTestStore {
    toggled: Arc<ToggledStore>,
    _inner: Box<dyn TestStore>,
    cache_url: Option<String>,
}

impl TestStore for ToggledTestStore {
    fn store(&self) -> Arc<dyn Store> {
        self.toggled.clone()
    }

    fn cache_url(&self) -> Option<String> {
        self.cache_url.clone()
    }
}

pub async fn sign_out_while_the_store_is_down_keeps_the_session(store: Box<dyn TestStore>) {
    let is_unreachable = Arc::new(AtomicBool::new(false));
    let toggled = Arc::new(ToggledStore { store: store.store(), is_unreachable: is_unreachable.clone() });
    let app = TestApp::builder(Box::new(ToggledTestStore { toggled, cache_url: store.cache_url(), _inner: store }))
        .start()
        .await;
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    // Longer than the session cache keeps an entry.
    app.clock.advance(Duration::from_secs(5));
    is_unreachable.store(true, Ordering::SeqCst);
    for actor in [&*browser, &*alice] {
        let response = actor.sign_out().await.expect_status(503).problem("store_unavailable");
        response.expect_no_header("set-cookie").expect_no_header("clear-site-data");
        let link = actor.get("/api/v1/auth/providers/acme/authorize?link=true");
        link.await.expect_status(503).problem("store_unavailable");
    }
    is_unreachable.store(false, Ordering::SeqCst);
    browser.sign_out().await.expect_empty(204);
    alice.sign_out().await.expect_empty(204);
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}
