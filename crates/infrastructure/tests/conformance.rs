//! Runs the conformance suite on each database, with a file or a database of its own for each test, and a script on
//! a decorated store.

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

mod decorated {
    use super::{Arc, FaultyStore, MemoryStore, Store, TestStore, TracedStore, async_trait};

    /// A store behind both decorators. They expand from the list of repositories: a script that calls every method, one
    /// after the other, is enough for them.
    struct Decorated(Box<dyn TestStore>);

    #[async_trait]
    impl TestStore for Decorated {
        fn store(&self) -> Arc<dyn Store> {
            Arc::new(TracedStore::new(Arc::new(FaultyStore::new(self.0.store()))))
        }

        async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
            self.0.reopen().await?;
            Some(self.store())
        }
    }

    async fn sqlite() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Decorated(memo_test_databases::sqlite().await?)))
    }

    memo_conformance::parity_test!(sqlite, Arc::new(MemoryStore::new()));
}
