//! Stores for suites.

use std::sync::Arc;

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::Store;
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use tempfile::TempDir;

use crate::{Server, TestDatabase};

/// More than a test has units of work at once, and few enough for many tests beside each other.
const CONNECTIONS: u32 = 5;

/// A migrated store in a place of its own, which goes with it.
pub struct Fresh {
    pub store: Arc<SeaOrmStore>,
    pub place: Place,
}

/// Where a store keeps its data.
pub enum Place {
    Folder(TempDir),
    Database(TestDatabase),
}

impl Fresh {
    async fn new(place: Place) -> Self {
        let store = SeaOrmStore::open(place.options()).await.expect("the store opens");
        store.migrate_up().await.expect("the schema is made");
        Self { store: Arc::new(store), place }
    }

    /// Closes the store and opens the same data anew.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Arc::new(SeaOrmStore::open(self.place.options()).await.expect("the store opens again"));
    }
}

impl Place {
    /// How a store is opened here.
    #[must_use]
    pub fn options(&self) -> StoreOptions {
        match self {
            Self::Folder(folder) => StoreOptions::new(format!("sqlite://{}/memo.db", folder.path().display())),
            Self::Database(database) => {
                StoreOptions { max_connections: Some(CONNECTIONS), ..StoreOptions::new(database.url()) }
            }
        }
    }
}

#[async_trait]
impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        Self::reopen(self).await;
        Some(self.store())
    }
}

/// A SQLite file.
pub async fn sqlite() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh::new(Place::Folder(tempfile::tempdir().expect("a folder"))).await))
}

/// A database on the PostgreSQL server, where there is one.
pub async fn postgres() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh::new(Place::Database(Server::Postgres.database().await?)).await))
}

/// A database on the MySQL server, where there is one.
pub async fn mysql() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh::new(Place::Database(Server::MySql.database().await?)).await))
}
