//! The suite of browser sessions for the adapter that keeps them in the store, over every store. The Redis adapter
//! passes the same suite in `crates/redis`.

macro_rules! tests_over {
    ($($store:ident)*) => {$(
        mod $store {
            use std::sync::Arc;

            use memo_application::StoredBrowserSessions;
            use memo_conformance::TestStore;
            use memo_domain::BrowserSessions;

            async fn fresh() -> Option<(Box<dyn TestStore>, Arc<dyn BrowserSessions>)> {
                let store = super::stores::$store().await?;
                let sessions = StoredBrowserSessions::new(store.store());
                Some((store, Arc::new(sessions)))
            }

            memo_conformance::browser_sessions_tests!(fresh);
        }
    )*};
}

tests_over!(memory sqlite postgres mysql);

mod stores {
    use std::sync::Arc;

    use memo_conformance::TestStore;
    use memo_domain::Store;
    use memo_memory::MemoryStore;
    pub use memo_test_databases::{mysql, postgres, sqlite};

    struct Fresh(Arc<MemoryStore>);

    impl TestStore for Fresh {
        fn store(&self) -> Arc<dyn Store> {
            self.0.clone()
        }
    }

    pub async fn memory() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Fresh(Arc::new(MemoryStore::new()))))
    }
}
