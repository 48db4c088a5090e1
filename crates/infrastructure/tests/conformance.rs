//! The suite that every store must pass, over a SQLite file for each test.

mod support;

use std::sync::Arc;

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::Store;

use support::Fresh;

struct SqliteStore(Fresh);

#[async_trait]
impl TestStore for SqliteStore {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0.store) as Arc<dyn Store>
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        self.0.reopen().await;
        Some(self.store())
    }
}

async fn sqlite() -> Option<Box<dyn TestStore>> {
    Some(Box::new(SqliteStore(Fresh::new().await)))
}

memo_conformance::conformance_tests!(sqlite);
