use std::sync::Arc;

use memo_domain::{Cache, Store};

use crate::Error;

/// Whether this node can serve.
pub struct Readiness {
    store: Arc<dyn Store>,
    cache: Arc<dyn Cache>,
}

impl Readiness {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, cache: Arc<dyn Cache>) -> Self {
        Self { store, cache }
    }

    /// Asks what every request needs.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`], whatever is wrong with the store, or [`Error::CacheUnavailable`].
    pub async fn check(&self) -> Result<(), Error> {
        self.store.check().await.map_err(|source| Error::StoreUnavailable { source })?;
        Ok(self.cache.check().await?)
    }
}
