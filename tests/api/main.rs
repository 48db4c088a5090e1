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
    memo_testkit::api_tests!(memo_test_databases::sqlite);
}

mod postgres {
    memo_testkit::api_tests!(memo_test_databases::postgres);
}

mod mysql {
    memo_testkit::api_tests!(memo_test_databases::mysql);
}
