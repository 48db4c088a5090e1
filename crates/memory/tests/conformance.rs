//! The adapters in memory in the suites of their ports. Decorators expand from the list of repositories, so that a script
//! that calls every method is enough for them.

mod ports;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_conformance::{
    TestCache, TestStore,
    faults::{Fault, FaultyStore},
};
use memo_domain::{Cache, Events, Store, StoreError, Timestamp};
use memo_memory::{FixedClock, MemoryCache, MemoryEvents, MemoryStore};

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

struct ByClock(Arc<MemoryCache>, Arc<FixedClock>);

#[async_trait]
impl TestCache for ByClock {
    fn cache(&self) -> Arc<dyn Cache> {
        self.0.clone()
    }

    async fn elapse(&self, time: Duration) {
        self.1.advance(time);
    }
}

async fn cache() -> Option<Box<dyn TestCache>> {
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    Some(Box::new(ByClock(Arc::new(MemoryCache::new(clock.clone())), clock)))
}

memo_conformance::cache_tests!(cache);

async fn nodes() -> Option<[Arc<dyn Events>; 2]> {
    let events = Arc::new(MemoryEvents::new());
    Some([events.clone(), events])
}

memo_conformance::events_tests!(nodes);

mod faulty {
    use super::{Arc, FaultyStore, Fresh, MemoryStore, TestStore};

    async fn without_faults() -> Option<Box<dyn TestStore>> {
        Some(Box::new(Fresh(Arc::new(FaultyStore::new(Arc::new(MemoryStore::new()))))))
    }

    memo_conformance::parity_test!(without_faults, Arc::new(MemoryStore::new()));
}

mod parity {
    use std::collections::BTreeSet;

    use memo_conformance::parity::SEEDS;
    use memo_domain::for_each_repository;

    use super::{Arc, Fault, FaultyStore, MemoryStore, StoreError};

    /// Runs a script against a store with these faults, and returns its calls.
    async fn run_with(seed: u64, steps: usize, faults: impl IntoIterator<Item = Fault>) -> Vec<&'static str> {
        let (store, reference) = (FaultyStore::new(Arc::new(MemoryStore::new())), MemoryStore::new());
        store.plan(faults);
        memo_conformance::parity::run(&store, &reference, seed, steps).await;
        store.calls()
    }

    #[tokio::test]
    #[should_panic(expected = "the reference: Ok")]
    async fn store_with_another_result_fails_the_script() {
        let calls = run_with(7, 200, []).await;
        // A list in the middle of the script: both stores must begin and end a unit of work.
        let number = (100..calls.len()).find(|number| calls[*number] == "memos.list").expect("memos are listed");
        run_with(7, 200, [Fault::before(number, StoreError::Stale)]).await;
    }

    #[tokio::test]
    async fn script_is_the_same_in_each_run() {
        let calls = run_with(7, 200, []).await;
        assert!(calls.len() > 200 && calls == run_with(7, 200, []).await);
    }

    macro_rules! names {
        ($($accessor:ident: $repository:path {
            $(fn $method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
        })*) => {
            &[$($(concat!(stringify!($accessor), ".", stringify!($method))),*),*]
        };
    }
    const METHODS: &[&str] = for_each_repository!(names);

    #[tokio::test]
    async fn scripts_call_every_method() {
        let mut calls = BTreeSet::new();
        for seed in SEEDS {
            calls.extend(run_with(seed, 1_000, []).await);
        }
        let missing: Vec<_> = METHODS.iter().filter(|method| !calls.contains(*method)).collect();
        assert!(missing.is_empty(), "methods that no script calls: {missing:?}");
    }
}
