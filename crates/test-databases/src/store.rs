//! Stores for suites.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::Store;
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{Server, TestDatabase};

const FILE: &str = "memo.db";

/// A migrated store with its own data, which is removed with it.
pub struct Fresh {
    pub store: Arc<SeaOrmStore>,
    pub place: Place,
}

/// The location of a store's data.
pub enum Place {
    Folder(TempDir),
    Database(TestDatabase),
}

impl Fresh {
    async fn new(place: Place) -> Self {
        let store = match &place {
            Place::Database(database) => database.store().expect("it was leased"),
            Place::Folder(_) => place.open().await,
        };
        Self { store, place }
    }

    /// Closes the store and opens the same data again.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = self.place.open().await;
    }
}

impl Place {
    async fn open(&self) -> Arc<SeaOrmStore> {
        Arc::new(SeaOrmStore::open(self.options()).await.expect("the store opens"))
    }

    /// The options to open a store at this location.
    #[must_use]
    pub fn options(&self) -> StoreOptions {
        match self {
            Self::Folder(folder) => StoreOptions::new(format!("sqlite://{}/{FILE}", folder.path().display())),
            Self::Database(database) => database.options(),
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

/// A SQLite file: a copy of one that was migrated once.
pub async fn sqlite() -> Option<Box<dyn TestStore>> {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let migrated = MIGRATED.get_or_init(migrated_file).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.path().join(FILE));
    file.and_then(|mut file| file.write_all(migrated)).expect("the file is written");
    Some(Box::new(Fresh::new(Place::Folder(folder)).await))
}

async fn migrated_file() -> Vec<u8> {
    let place = Place::Folder(tempfile::tempdir().expect("a folder"));
    let Place::Folder(folder) = &place else { unreachable!("the place is a folder") };
    let store = place.open().await;
    store.migrate_up().await.expect("the schema is created");
    store.close().await;
    assert!(!folder.path().join("memo.db-wal").exists(), "closing the store leaves one file");
    fs::read(folder.path().join(FILE)).expect("the file is read")
}

/// A database on the PostgreSQL server; `None` if it is absent.
pub async fn postgres() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh::new(Place::Database(Server::Postgres.lease().await?)).await))
}

/// A database on the MySQL server; `None` if it is absent.
pub async fn mysql() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh::new(Place::Database(Server::MySql.lease().await?)).await))
}
