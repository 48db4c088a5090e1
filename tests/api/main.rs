//! The HTTP suite of `memo-testkit`, over every store.

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

/// A server with Redis, over the in-memory store: the modules that touch the state that nodes share.
mod redis {
    use std::sync::Arc;

    use memo_conformance::TestStore;
    use memo_domain::Store;
    use memo_memory::MemoryStore;

    struct Fresh(Arc<MemoryStore>, String);

    impl TestStore for Fresh {
        fn store(&self) -> Arc<dyn Store> {
            self.0.clone()
        }

        fn cache_url(&self) -> Option<String> {
            Some(self.1.clone())
        }
    }

    async fn fresh() -> Option<Box<dyn TestStore>> {
        let url = memo_test_databases::redis_url().await?;
        Some(Box::new(Fresh(Arc::new(MemoryStore::new()), url)))
    }

    memo_testkit::shared_state_tests!(fresh);
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
