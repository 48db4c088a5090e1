use std::sync::Arc;

use memo_domain::Store;

use crate::Error;

/// Whether this node can serve.
pub struct Readiness {
    store: Arc<dyn Store>,
}

impl Readiness {
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Asks what every request needs.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`], whatever is wrong with the store.
    pub async fn check(&self) -> Result<(), Error> {
        self.store.check().await.map_err(|source| Error::StoreUnavailable { source })
    }
}
