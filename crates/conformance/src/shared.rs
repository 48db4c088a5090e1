//! One store for several servers.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};

use crate::TestStore;

/// A store that several servers use, at once or one after the other. It ignores being closed, so that none of them closes
/// it for the others; what was opened for it ends when the last copy is dropped.
#[derive(Clone)]
pub struct SharedStore(Arc<dyn TestStore>);

impl SharedStore {
    /// Shares a store.
    #[must_use]
    pub fn of(store: Box<dyn TestStore>) -> Self {
        Self(Arc::from(store))
    }

    /// The same store, for one of its users.
    #[must_use]
    pub fn boxed(&self) -> Box<dyn TestStore> {
        Box::new(self.clone())
    }
}

impl TestStore for SharedStore {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(Unclosed(self.0.store()))
    }

    fn cache_url(&self) -> Option<String> {
        self.0.cache_url()
    }
}

struct Unclosed(Arc<dyn Store>);

#[async_trait]
impl Store for Unclosed {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.0.begin_for(access, user).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    async fn close(&self) {}
}
