//! A decorator that answers from memory whether a user's memos have changed.
//!
//! A cache of something of a user's memos looks up the [stamp](memo_domain::Stamp) before using it again. For a store that only this
//! process writes, that needs no query: all changes pass this decorator.

mod commit;
mod stamps;
mod unit;

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Access, Clock, Store, StoreError, UnitOfWork, UserId};

use stamps::Stamps;
use unit::Unit;

/// A store that remembers the stamps of users.
///
/// What this process writes is never overlooked. What another process writes to the same store is noticed within a second.
pub struct StampedStore {
    inner: Arc<dyn Store>,
    stamps: Arc<Stamps>,
}

impl StampedStore {
    /// Wraps a store that only this process writes. Once a commit of it has returned, its outcome must not change.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, stamps: Arc::new(Stamps::new(clock)) }
    }
}

#[async_trait]
impl Store for StampedStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let begun = self.stamps.ended();
        let inner = self.inner.begin_for(access, user).await?;
        Ok(match access {
            // All of its reads see one state, which may be an earlier one.
            Access::Snapshot => inner,
            Access::Read => Box::new(Unit::reader(inner, self.stamps.clone(), begun)),
            Access::Write => Box::new(Unit::writer(inner, self.stamps.clone())),
        })
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    async fn close(&self) {
        self.stamps.close();
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests;
