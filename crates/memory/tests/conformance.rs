//! The in-memory store keeps the contract of every store.

use std::sync::Arc;

use memo_conformance::TestStore;
use memo_domain::Store;
use memo_memory::MemoryStore;

struct Fresh(Arc<MemoryStore>);

impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }
}

async fn fresh() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh(Arc::new(MemoryStore::new()))))
}

memo_conformance::conformance_tests!(fresh);
