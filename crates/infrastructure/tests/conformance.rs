//! The suite that every store must pass, over each database: a file or a database for each test; and over stores that pass
//! calls on.

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

/// A store behind one that passes its calls on.
struct Behind {
    test_store: Box<dyn TestStore>,
    pass_on: fn(Arc<dyn Store>) -> Arc<dyn Store>,
    store: Arc<dyn Store>,
}

impl Behind {
    fn new(test_store: Box<dyn TestStore>, pass_on: fn(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let store = pass_on(test_store.store());
        Self { test_store, pass_on, store }
    }
}

#[async_trait]
impl TestStore for Behind {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        self.store = (self.pass_on)(self.test_store.reopen().await?);
        Some(self.store())
    }
}

mod behind_others {
    use memo_test_databases::sqlite;

    use super::{Arc, Behind, FaultyStore, MemoryStore, Store, TestStore, TracedStore};

    struct Memory(Arc<dyn Store>);

    impl TestStore for Memory {
        fn store(&self) -> Arc<dyn Store> {
            Arc::clone(&self.0)
        }
    }

    async fn traced_memory() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Memory(Arc::new(TracedStore::new(Arc::new(MemoryStore::new()))))))
    }

    /// Both at once: what either of them does not pass on is missed here.
    async fn traced_and_faulty_sqlite() -> Option<Box<dyn TestStore>> {
        let pass_on = |store| Arc::new(TracedStore::new(Arc::new(FaultyStore::new(store)))) as Arc<dyn Store>;
        Some(Box::new(Behind::new(sqlite().await?, pass_on)))
    }

    mod memory {
        memo_conformance::conformance_tests!(super::traced_memory);
    }

    mod sqlite {
        memo_conformance::conformance_tests!(super::traced_and_faulty_sqlite);
    }
}
