//! Runs the conformance suite on each database, with a file or a database of its own for each test, and on decorated stores.

use std::sync::Arc;

use async_trait::async_trait;
use memo_conformance::{TestStore, faults::FaultyStore};
use memo_domain::Store;
use memo_memory::MemoryStore;
use memo_traced::TracedStore;

mod sqlite {
    memo_conformance::conformance_tests!(memo_test_databases::sqlite);
    memo_conformance::parity_test!(memo_test_databases::sqlite, std::sync::Arc::new(memo_memory::MemoryStore::new()));
}

mod postgres {
    memo_conformance::conformance_tests!(memo_test_databases::postgres);
    memo_conformance::parity_test!(memo_test_databases::postgres, std::sync::Arc::new(memo_memory::MemoryStore::new()));
}

mod mysql {
    memo_conformance::conformance_tests!(memo_test_databases::mysql);
    memo_conformance::parity_test!(memo_test_databases::mysql, std::sync::Arc::new(memo_memory::MemoryStore::new()));
}

/// A store wrapped in decorators.
struct Decorated {
    test_store: Box<dyn TestStore>,
    decorate: fn(Arc<dyn Store>) -> Arc<dyn Store>,
    store: Arc<dyn Store>,
}

impl Decorated {
    fn new(test_store: Box<dyn TestStore>, decorate: fn(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let store = decorate(test_store.store());
        Self { test_store, decorate, store }
    }
}

#[async_trait]
impl TestStore for Decorated {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        self.store = (self.decorate)(self.test_store.reopen().await?);
        Some(self.store())
    }
}

mod decorated {
    use memo_test_databases::sqlite;

    use super::{Arc, Decorated, FaultyStore, MemoryStore, Store, TestStore, TracedStore};

    struct Memory(Arc<dyn Store>);

    impl TestStore for Memory {
        fn store(&self) -> Arc<dyn Store> {
            Arc::clone(&self.0)
        }
    }

    async fn traced_memory() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Memory(Arc::new(TracedStore::new(Arc::new(MemoryStore::new()))))))
    }

    /// Both decorators: a call that either of them does not forward fails a case.
    async fn traced_and_faulty_sqlite() -> Option<Box<dyn TestStore>> {
        let decorate = |store| Arc::new(TracedStore::new(Arc::new(FaultyStore::new(store)))) as Arc<dyn Store>;
        Some(Box::new(Decorated::new(sqlite().await?, decorate)))
    }

    mod memory {
        memo_conformance::conformance_tests!(super::traced_memory);
    }

    mod sqlite {
        memo_conformance::conformance_tests!(super::traced_and_faulty_sqlite);
    }
}
