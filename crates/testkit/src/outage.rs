//! A store that is away at times.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};

/// Makes a store unreachable: from [`begin`](Self::begin) to [`end`](Self::end), no unit of work begins.
pub struct Outage(Arc<Interrupted>);

impl Outage {
    /// A store that has outages, for a [`TestApp`](crate::TestApp), and what begins them.
    #[must_use]
    pub fn of(store: Box<dyn TestStore>) -> (Box<dyn TestStore>, Self) {
        let interrupted = Arc::new(Interrupted { store: store.store(), is_away: AtomicBool::new(false) });
        (Box::new(Given { interrupted: interrupted.clone(), store }), Self(interrupted))
    }

    /// Begins an outage.
    pub fn begin(&self) {
        self.0.is_away.store(true, Ordering::SeqCst);
    }

    /// Ends it.
    pub fn end(&self) {
        self.0.is_away.store(false, Ordering::SeqCst);
    }
}

struct Interrupted {
    store: Arc<dyn Store>,
    is_away: AtomicBool,
}

impl Interrupted {
    fn reach(&self) -> Result<&dyn Store, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            // Nothing of it may reach a client.
            Err(StoreError::Unavailable { source: "SELECT password FROM users at /var/lib/memo".into() })
        } else {
            Ok(&*self.store)
        }
    }
}

#[async_trait]
impl Store for Interrupted {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.reach()?.begin_for(access, user).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.reach()?.check().await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

struct Given {
    interrupted: Arc<Interrupted>,
    /// Keeps the data.
    store: Box<dyn TestStore>,
}

impl TestStore for Given {
    fn store(&self) -> Arc<dyn Store> {
        self.interrupted.clone()
    }

    fn cache_url(&self) -> Option<String> {
        self.store.cache_url()
    }
}
