//! The store keeps the contract of every store, and the server over it the contract of its HTTP interface.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Store, StoreError};
use memo_kv::KvStore;
use redb_store::RedbEngine;
use tempfile::TempDir;

/// A store in a folder of its own, which is removed with it.
struct Fresh {
    store: Arc<KvStore>,
    folder: TempDir,
}

impl Fresh {
    fn path(folder: &TempDir) -> PathBuf {
        folder.path().join("deep/memo.redb")
    }

    fn open(folder: &TempDir) -> Result<Arc<KvStore>, StoreError> {
        Ok(Arc::new(KvStore::new(RedbEngine::open(&Self::path(folder))?)))
    }
}

#[async_trait]
impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        self.store.close().await;
        self.store = Self::open(&self.folder).expect("the file opens again");
        Some(self.store())
    }
}

async fn fresh() -> Option<Box<dyn TestStore>> {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Fresh::open(&folder).expect("the file is created");
    Some(Box::new(Fresh { store, folder }))
}

memo_conformance::conformance_tests!(fresh);
memo_conformance::parity_test!(fresh, Arc::new(memo_memory::MemoryStore::new()));

mod http {
    memo_testkit::api_tests!(super::fresh);
}

#[tokio::test]
async fn file_is_open_in_one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Fresh::open(&folder).expect("the file is created");
    assert!(matches!(Fresh::open(&folder), Err(StoreError::Unavailable { .. })));
    store.close().await;
    Fresh::open(&folder).expect("the file opens again");
    assert!(matches!(store.begin(Access::Write).await, Err(StoreError::Unavailable { .. })), "it was closed");
}

#[tokio::test]
async fn file_of_another_program_is_rejected_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("diary.txt");
    for text in ["Dear diary,\n".repeat(1_000), "M".to_owned()] {
        std::fs::write(&path, &text).expect("the file is written");
        assert!(RedbEngine::open(&path).is_err(), "{text:.20}");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), text);
    }
}
