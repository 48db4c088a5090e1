//! A new SQLite file for a test.

use std::sync::Arc;

use memo_domain::Store;
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use tempfile::TempDir;

/// A migrated store in a temporary folder, which is removed when it is dropped.
pub struct Fresh {
    pub store: Arc<SeaOrmStore>,
    pub folder: TempDir,
}

impl Fresh {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut StoreOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = options(&folder);
        change(&mut options);
        let store = SeaOrmStore::open(options).await.expect("the store opens");
        store.migrate_up().await.expect("the schema is created");
        Self { store: Arc::new(store), folder }
    }

    /// Closes the store and opens the same file again.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Arc::new(SeaOrmStore::open(options(&self.folder)).await.expect("the store opens again"));
    }
}

/// The options of a store in the file `memo.db` in a folder.
pub fn options(folder: &TempDir) -> StoreOptions {
    StoreOptions::new(format!("sqlite://{}/memo.db", folder.path().display()))
}
