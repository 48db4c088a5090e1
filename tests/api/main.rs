//! The HTTP suite of `memo-testkit`, over every store, and what needs several nodes.

mod browser_sessions;
mod nodes;

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use memo_conformance::TestStore;
use memo_domain::Store;
use memo_memory::MemoryStore;

/// An in-memory store. It ignores being closed by one of several nodes.
#[derive(Default)]
struct InMemory {
    store: Arc<MemoryStore>,
    cache_url: Option<String>,
}

impl InMemory {
    fn fresh() -> Ready<Option<Box<dyn TestStore>>> {
        ready(Some(Box::new(Self::default())))
    }

    async fn beside_redis() -> Option<Box<dyn TestStore>> {
        let cache_url = Some(memo_test_databases::redis_url().await?);
        Some(Box::new(Self { cache_url, ..Self::default() }))
    }
}

impl TestStore for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn cache_url(&self) -> Option<String> {
        self.cache_url.clone()
    }
}

mod memory {
    memo_testkit::api_tests!(super::InMemory::fresh);
}

/// The modules that touch the state that nodes share.
mod redis {
    memo_testkit::shared_state_tests!(super::InMemory::beside_redis);
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
