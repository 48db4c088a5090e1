use std::{pin::Pin, sync::Arc};

use memo_domain::{Store, StoreError};

use crate::{
    Settings, StartError,
    adapters::{OpenedStore, open_store},
};

/// Opens a store of the caller's own.
pub type OpenOwnStore = Box<dyn FnOnce(Settings) -> OwnStore + Send>;
type OwnStore = Pin<Box<dyn Future<Output = Result<Arc<dyn Store>, StoreError>> + Send>>;

/// Where the store comes from.
#[derive(Default)]
pub enum StoreSource {
    /// `database.url` selects an adapter.
    #[default]
    Settings,
    /// The caller has opened it.
    Opened(Arc<dyn Store>),
    /// The caller opens it when the settings are known.
    Own(OpenOwnStore),
}

impl StoreSource {
    /// Opens the store as it is.
    ///
    /// # Errors
    /// [`StartError`] if the store can't be opened.
    pub async fn open(self, settings: &Settings) -> Result<OpenedStore, StartError> {
        let store = match self {
            Self::Settings => return open_store(settings).await,
            Self::Opened(store) => store,
            Self::Own(open) => open(settings.clone()).await?,
        };
        Ok(OpenedStore { store, schema: None, is_durable: true, name: "own store".to_owned() })
    }

    /// Opens the store and applies all pending migrations.
    ///
    /// # Errors
    /// [`StartError`] if the store can't be opened, or a migration fails.
    pub async fn open_migrated(self, settings: &Settings) -> Result<OpenedStore, StartError> {
        let opened = self.open(settings).await?;
        if let Some(schema) = &opened.schema {
            schema.migrate_up().await?;
        }
        Ok(opened)
    }
}
