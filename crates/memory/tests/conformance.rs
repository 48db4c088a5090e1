//! The in-memory store keeps the contract of every store, also behind one that can fail.

use std::sync::Arc;

use memo_conformance::{
    TestStore,
    faults::{Fault, FaultyStore},
};
use memo_domain::{Store, StoreError};
use memo_memory::MemoryStore;

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

    /// A script against a store; the calls that it makes.
    async fn run(store: FaultyStore) -> Vec<&'static str> {
        memo_conformance::parity::run(&store, &MemoryStore::new(), 7, 200).await;
        store.calls()
    }

    fn store() -> FaultyStore {
        FaultyStore::new(Arc::new(MemoryStore::new()))
    }

    #[tokio::test]
    #[should_panic(expected = "the reference: Ok")]
    async fn a_store_that_answers_otherwise_is_found_out() {
        // The script is the same in each run, so that the same call can fail in the next one.
        let count = run(store()).await.iter().rposition(|call| *call == "memos.count");
        let failing = store();
        failing.plan(count.map(|call| Fault::before(call, StoreError::Stale)));
        run(failing).await;
    }

    #[tokio::test]
    async fn the_script_is_the_same_in_each_run() {
        let calls = [run(store()).await, run(store()).await];
        assert!(calls[0].len() > 200 && calls[0] == calls[1]);
    }
}
