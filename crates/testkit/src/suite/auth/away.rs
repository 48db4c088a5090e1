//! Sign-ins while the store is out of reach. These tests start their own apps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError, UnitOfWork};

use crate::TestApp;

/// A store that is out of reach for a while.
struct Away {
    store: Arc<dyn Store>,
    is_away: Arc<AtomicBool>,
}

#[async_trait]
impl Store for Away {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { source: "planned".into() });
        }
        self.store.begin(access).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

/// Its test store, which goes with it.
struct MayBeAway {
    away: Arc<Away>,
    _kept: Box<dyn TestStore>,
    cache_url: Option<String>,
}

impl TestStore for MayBeAway {
    fn store(&self) -> Arc<dyn Store> {
        self.away.clone()
    }

    fn cache_url(&self) -> Option<String> {
        self.cache_url.clone()
    }
}

pub async fn nobody_is_told_that_they_are_signed_out_who_is_not(store: Box<dyn TestStore>) {
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Arc::new(Away { store: store.store(), is_away: is_away.clone() });
    let app = TestApp::builder(Box::new(MayBeAway { away, cache_url: store.cache_url(), _kept: store })).start().await;
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    // Longer than the server remembers that a sign-in lives.
    app.clock.advance(Duration::from_secs(5));
    is_away.store(true, Ordering::SeqCst);
    for actor in [&*browser, &*alice] {
        let answer = actor.sign_out().await.expect_status(503).problem("store_unavailable");
        answer.expect_no_header("set-cookie").expect_no_header("clear-site-data");
        let link = actor.get("/api/v1/auth/providers/acme/authorize?link=true");
        link.await.expect_status(503).problem("store_unavailable");
    }
    is_away.store(false, Ordering::SeqCst);
    browser.sign_out().await.expect_empty(204);
    alice.sign_out().await.expect_empty(204);
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}
