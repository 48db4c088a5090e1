//! Usage that several servers count in one store. These tests start their own apps.

use std::{sync::Arc, time::Duration};

use memo_conformance::{SharedStore, TestStore, eventually};
use memo_domain::{Access, Day, Timestamp, UsageRange, UserId};
use memo_memory::FixedClock;

use super::usage::{counts, usage};
use crate::{
    START, TestApp,
    suite::{DAY, nodes::two_nodes},
};

pub async fn usage_of_all_nodes_is_added_up(store: Box<dyn TestStore>) {
    let (one, other) = two_nodes(store).await;
    let (alice, root) = (one.user("alice").await, one.admin("root").await);
    let (here, there) = (one.browser(), other.browser());
    here.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    there.set_session(&here.session());
    for _ in 0..3 {
        here.me().await.expect_status(200);
        there.me().await.expect_status(200);
    }
    // Each node knows its own requests at once, and those of others within seconds.
    for actor in [&*here, &*there] {
        assert!(counts(&usage(actor, "group_by=operation").await, "get_me").0 >= 3);
    }
    for actor in [&*here, &*there] {
        eventually("all requests are counted", async || {
            let requests = counts(&usage(actor, "group_by=operation").await, "get_me").0;
            assert!(requests <= 6, "{requests} requests");
            (requests == 6).then_some(())
        })
        .await;
    }
    let path = format!("/api/v1/admin/usage?user_id={}&group_by=operation", alice.id);
    let report = root.get(&path).await.expect_status(200);
    assert_eq!(counts(report["items"].as_array().expect("items"), "get_me"), (6, 0));
}

pub async fn usage_is_stored_when_the_server_stops(store: Box<dyn TestStore>) {
    let shared = SharedStore::of(store);
    let first = TestApp::builder(shared.boxed()).start().await;
    let alice = first.user("alice").await;
    for _ in 0..5 {
        alice.me().await.expect_status(200);
    }
    alice.get_memo("x").await.expect_status(404);
    let second = TestApp::builder(shared.boxed()).node_of(&first).start().await;
    let root = second.admin("root").await;
    drop(first);
    let path = format!("/api/v1/admin/usage?user_id={}&group_by=operation", alice.id);
    let report = root.get(&path).await.expect_status(200);
    let items = report["items"].as_array().expect("items");
    assert_eq!((counts(items, "get_me"), counts(items, "get_memo")), ((5, 0), (1, 1)));
}

pub async fn usage_is_removed_after_its_retention_time(store: Box<dyn TestStore>) {
    let shared = SharedStore::of(store);
    let start_on_day = async |days: u32| {
        let clock = Arc::new(FixedClock::at(Timestamp::parse(START).expect("a time") + days * DAY));
        let app = TestApp::builder(shared.boxed()).clock(clock);
        app.settings(|settings| settings.usage.retention = (10 * DAY).into()).start().await
    };
    let alice = {
        let app = start_on_day(0).await;
        let alice = app.user("alice").await;
        alice.me().await.expect_status(200);
        app.clock.advance(DAY);
        alice.with_scope("").await.me().await.expect_status(200);
        UserId::parse(&alice.id).expect("an id")
    };
    let app = start_on_day(11).await;
    let left = eventually("old usage is removed", async || {
        let mut unit = shared.store().begin(Access::Read).await.expect("a unit of work");
        let day = Day::parse("2026-01-31").expect("a day");
        let range = UsageRange { from: day, to: day.plus(5) };
        let usage = unit.usage().list(alice, range, None, 100).await.expect("usage is read");
        Some(usage.iter().map(|usage| usage.key.day.to_string()).collect::<Vec<_>>()).filter(|days| days.len() < 2)
    });
    assert_eq!(left.await, ["2026-02-01"]);
    drop(app);
}

pub async fn request_that_takes_too_long_is_an_error_of_its_user(store: Box<dyn TestStore>) {
    let limit = Duration::from_secs(2).into();
    let app = TestApp::builder(store).settings(|settings| settings.server.request_timeout = limit).start().await;
    let alice = app.user("alice").await;
    // Half of a body.
    let request = format!(
        "POST /api/v1/memos HTTP/1.1\r\nHost: memo.test\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 40\r\nConnection: close\r\n\r\n{{\"title\": \"a\"",
        alice.access_token
    );
    let response = app.exchange(request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 503") && response.contains("request_timeout"), "{response}");
    let items = usage(&alice, "group_by=operation").await;
    assert_eq!(counts(&items, "create_memo"), (1, 1));
    assert_eq!(items[0]["bytes_in"], 13);
}
