//! The HTTP contract, over every store. The tests are those of `memo-testkit`.

mod memory {
    use std::sync::Arc;

    use memo_conformance::TestStore;
    use memo_domain::Store;
    use memo_memory::MemoryStore;

    struct Fresh(Arc<MemoryStore>);

    impl TestStore for Fresh {
        fn store(&self) -> Arc<dyn Store> {
            self.0.clone()
        }
    }

    async fn fresh() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Fresh(Arc::new(MemoryStore::new()))))
    }

    memo_testkit::api_tests!(fresh);
}

mod sqlite {
    use std::sync::Arc;

    use memo_conformance::TestStore;
    use memo_domain::Store;
    use memo_infrastructure::sea_orm::{SeaOrmStore, StoreOptions};
    use tempfile::TempDir;

    struct Fresh {
        store: Arc<SeaOrmStore>,
        _folder: TempDir,
    }

    impl TestStore for Fresh {
        fn store(&self) -> Arc<dyn Store> {
            self.store.clone()
        }
    }

    async fn fresh() -> Option<Box<dyn TestStore>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("memo.db").display());
        let store = SeaOrmStore::open(StoreOptions::new(url)).await.expect("the store is opened");
        store.migrate_up().await.expect("the store is migrated");
        Some(Box::new(Fresh { store: Arc::new(store), _folder: folder }))
    }

    memo_testkit::api_tests!(fresh);
}
