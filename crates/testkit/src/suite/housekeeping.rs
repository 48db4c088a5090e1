//! Retention jobs. These tests start their own apps.

use std::sync::Arc;

use memo_conformance::{SharedStore, TestStore, eventually};
use memo_domain::{Access, Change, Limit, Timestamp, UserId};
use memo_memory::FixedClock;

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
    for path in ["/healthz", "/readyz"] {
        app.anonymous().get(path).await.expect_status(200);
    }
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
