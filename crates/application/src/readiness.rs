use std::sync::Arc;

use memo_domain::StoreError;

use crate::{Error, Ports};

/// Whether this node can serve requests.
pub struct Readiness {
    ports: Arc<Ports>,
}

impl Readiness {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Checks what every request needs.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`], or [`StoreError::Unavailable`] for anything else about the store, or [`Error::Cache`].
    pub async fn check(&self) -> Result<(), Error> {
        let checked = self.ports.transactions.check().await;
        checked.map_err(|error| match error {
            StoreError::Unwritable { .. } => error,
            error => StoreError::Unavailable { source: error.into() },
        })?;
        Ok(self.ports.cache.check().await?)
    }
}
