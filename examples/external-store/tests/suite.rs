//! The store keeps the contract of every store, and the server over it that of its HTTP interface.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use external_store::FileStore;
use memo_conformance::TestStore;
use memo_domain::Store;
use tempfile::TempDir;

/// A store in a folder of its own, which goes with it.
struct Fresh {
    store: Arc<FileStore>,
    folder: TempDir,
}

impl Fresh {
    fn path(folder: &TempDir) -> PathBuf {
        folder.path().join("memo.log")
    }
}

#[async_trait]
impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        self.store.close().await;
        self.store = Arc::new(FileStore::open(&Self::path(&self.folder)).expect("the file opens again"));
        Some(self.store())
    }
}

async fn fresh() -> Option<Box<dyn TestStore>> {
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::open(&Fresh::path(&folder)).expect("the file is made");
    Some(Box::new(Fresh { store: Arc::new(store), folder }))
}

memo_conformance::conformance_tests!(fresh);
memo_conformance::parity_test!(fresh, Arc::new(memo_memory::MemoryStore::new()));

mod http {
    memo_testkit::api_tests!(super::fresh);
}
