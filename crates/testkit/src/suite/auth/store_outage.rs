//! Signing out while the store is unreachable. These tests start their own apps.

use std::time::Duration;

use memo_conformance::TestStore;

use crate::{Outage, TestApp};

pub async fn sign_out_while_the_store_is_down_keeps_the_session(store: Box<dyn TestStore>) {
    let (store, outage) = Outage::of(store);
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let browser = app.browser();
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    // Longer than the session cache keeps an entry.
    app.clock.advance(Duration::from_secs(5));
    outage.begin();
    for actor in [&*browser, &*alice] {
        let response = actor.sign_out().await.expect_status(503).problem("store_unavailable");
        response.expect_no_header("set-cookie").expect_no_header("clear-site-data");
        let link = actor.get("/api/v1/auth/providers/acme/authorize?link=true");
        link.await.expect_status(503).problem("store_unavailable");
    }
    outage.end();
    browser.sign_out().await.expect_empty(204);
    alice.sign_out().await.expect_empty(204);
    assert_eq!(app.anonymous().refresh(&alice.refresh_token).await.expect_status(400)["error"], "invalid_grant");
}
