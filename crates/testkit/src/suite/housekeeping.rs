//! Retention jobs. These tests start their own apps.

use std::{sync::Arc, time::Duration};

use memo_conformance::{SharedStore, TestStore, eventually};
use memo_domain::{Access, Change, Limit, MemoId, PageRequest, PageStart, SessionId, Timestamp, UserId};
use memo_memory::FixedClock;
use serde_json::json;

use crate::{START, TestApp, suite::DAY};

pub async fn server_removes_old_changes_in_the_background(store: Box<dyn TestStore>) {
    let shared = SharedStore::of(store);
    let start = Timestamp::parse(START).expect("a time");
    let start_on_day = async |days: u32| {
        let clock = Arc::new(FixedClock::at(start + days * DAY));
        TestApp::builder(shared.boxed()).clock(clock).start().await
    };
    let owner = {
        let app = start_on_day(0).await;
        let alice = app.user("alice").await;
        for title in ["a", "b"] {
            alice.memo(title).await;
        }
        app.clock.advance(DAY);
        alice.with_scope("").await.memo("c").await;
        UserId::parse(&alice.id).expect("an id")
    };
    let changes = async || -> Vec<Change> {
        let mut unit = shared.store().begin(Access::Read).await.expect("a unit of work");
        unit.changes().list(owner, 0, Limit::default()).await.expect("the changes")
    };
    let app = start_on_day(180).await;
    app.clean_up().await;
    assert_eq!(changes().await.len(), 3);
    drop(app);
    let app = start_on_day(181).await;
    let left = eventually("old changes are removed", async || {
        // The job runs in the background, while the server serves.
        app.anonymous().get("/healthz").await.expect_status(200);
        Some(changes().await).filter(|left| left.len() < 3)
    })
    .await;
    assert_eq!(left.iter().map(|change| change.seq).collect::<Vec<_>>(), [3]);
}

/// Some hours before and after the end of each period, as docs/operations.md has it.
pub async fn data_is_removed_after_its_retention(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let memo = alice.memo("a").await;
    let expires_at = (Timestamp::parse(START).expect("a time") + Duration::from_hours(1)).to_string();
    let share = json!({"expires_at": expires_at});
    alice.call("POST", &format!("/api/v1/memos/{memo}/shares")).json(&share).await.expect_status(201);
    let session = alice.sign_in_again("").await;
    let sessions = alice.get("/api/v1/auth/sessions").await.expect_status(200);
    let ended = sessions["items"].as_array().expect("sessions").iter().find(|one| one["current"] != true);
    let ended = SessionId::parse(ended.expect("another one")["id"].as_str().expect("an id")).expect("an id");
    app.anonymous().revoke(session.text("access_token")).await.expect_status(200);
    let user = UserId::parse(&alice.id).expect("an id");
    // Sessions and shares for 7 days, audit events for 400.
    let kept = async || {
        app.clean_up().await;
        let session = app.read(async |unit| unit.sessions().lookup(ended).await).await.is_some();
        let memo = MemoId::parse(&memo).expect("an id");
        let shares = app.read(async |unit| unit.shares().list(memo).await).await.len();
        let page = PageRequest { limit: Limit::new(100).expect("a limit"), start: PageStart::Offset(0) };
        let events = app.read(async |unit| unit.audit().list(Some(user), &page).await).await;
        (session, shares, events.items.is_empty())
    };
    app.clock.advance(Duration::from_hours(7 * 24 - 1));
    assert_eq!(kept().await, (true, 1, false));
    app.clock.advance(Duration::from_hours(3));
    assert_eq!(kept().await, (false, 0, false));
    app.clock.advance(Duration::from_hours(393 * 24 - 3));
    assert_eq!(kept().await, (false, 0, false));
    app.clock.advance(Duration::from_hours(2));
    assert_eq!(kept().await, (false, 0, true));
}
