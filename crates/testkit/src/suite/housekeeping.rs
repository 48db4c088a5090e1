//! Retention jobs. These tests start their own apps.

use std::sync::Arc;

use async_trait::async_trait;
use memo_conformance::{TestStore, eventually};
use memo_domain::{Access, Change, Limit, Store, StoreError, Timestamp, UnitOfWork, UserId};
use memo_memory::FixedClock;

use crate::{START, TestApp, suite::DAY};

/// A store that several servers use one after the other. None of them may close it.
pub(super) struct Shared(Arc<dyn Store>);

#[async_trait]
impl Store for Shared {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.0.begin_for(access, user).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    async fn close(&self) {}
}

pub(super) struct SharedTestStore(Arc<Shared>);

impl SharedTestStore {
    /// The same store for several servers.
    pub(super) fn of(store: &dyn TestStore) -> Arc<Shared> {
        Arc::new(Shared(store.store()))
    }

    /// A store for one of them.
    pub(super) fn boxed(shared: &Arc<Shared>) -> Box<dyn TestStore> {
        Box::new(Self(shared.clone()))
    }
}

impl TestStore for SharedTestStore {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

pub async fn server_removes_old_changes_in_the_background(store: Box<dyn TestStore>) {
    let shared = SharedTestStore::of(&*store);
    let start = Timestamp::parse(START).expect("a time");
    let start_on_day = async |days: u32| {
        let clock = Arc::new(FixedClock::at(start + days * DAY));
        TestApp::builder(SharedTestStore::boxed(&shared)).clock(clock).start().await
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
        let mut unit = shared.begin(Access::Read).await.expect("a unit of work");
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
