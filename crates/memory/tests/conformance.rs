//! The in-memory store keeps the contract of every store, also behind one that can fail.

use std::sync::Arc;

use memo_conformance::{
    TestStore,
    faults::{Fault, FaultyStore},
};
use memo_domain::{Cache, Store, StoreError, Timestamp};
use memo_memory::{FixedClock, MemoryCache, MemoryStore};

struct Fresh(Arc<dyn Store>);

impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }
}

async fn fresh() -> Option<Box<dyn TestStore>> {
    Some(Box::new(Fresh(Arc::new(MemoryStore::new()))))
}

memo_conformance::conformance_tests!(fresh);

async fn cache() -> Option<Arc<dyn Cache>> {
    Some(Arc::new(MemoryCache::new(Arc::new(FixedClock::at(Timestamp::from_micros(0))))))
}

memo_conformance::cache_tests!(cache);

mod behind_faults {
    use super::{Arc, FaultyStore, Fresh, MemoryStore, TestStore};

    async fn without_faults() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Fresh(Arc::new(FaultyStore::new(Arc::new(MemoryStore::new()))))))
    }

    memo_conformance::conformance_tests!(without_faults);
    memo_conformance::parity_test!(without_faults, Arc::new(MemoryStore::new()));
}

mod parity {
    use super::{Arc, Fault, FaultyStore, MemoryStore, StoreError};

    /// A script against a store in which these calls fail. The calls that it made.
    async fn run_with(faults: impl IntoIterator<Item = Fault>) -> Vec<&'static str> {
        let (store, reference) = (FaultyStore::new(Arc::new(MemoryStore::new())), MemoryStore::new());
        store.plan(faults);
        memo_conformance::parity::run(&store, &reference, 7, 200).await;
        store.calls()
    }

    #[tokio::test]
    #[should_panic(expected = "the reference: Ok")]
    async fn a_store_that_answers_otherwise_is_found_out() {
        let calls = run_with([]).await;
        // A list, in the middle of the script: both must begin and end a unit of work.
        let number = (100..calls.len()).find(|number| calls[*number] == "memos.list").expect("memos are listed");
        run_with([Fault::before(number, StoreError::Stale)]).await;
    }

    #[tokio::test]
    async fn the_script_is_the_same_in_each_run() {
        let calls = run_with([]).await;
        assert!(calls.len() > 200 && calls == run_with([]).await);
    }
}
