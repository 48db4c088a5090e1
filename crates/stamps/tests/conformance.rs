//! The decorated store in the suite of its port.

use std::sync::Arc;

use memo_conformance::TestStore;
use memo_domain::{Store, Timestamp};
use memo_memory::{FixedClock, MemoryStore};
use memo_stamps::StampedStore;

struct Fresh(Arc<dyn Store>);

impl TestStore for Fresh {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

async fn fresh() -> Option<Box<dyn TestStore>> {
    // The time stands still, so that only the commits tell that something has changed.
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    Some(Box::new(Fresh(Arc::new(StampedStore::new(Arc::new(MemoryStore::new()), clock)))))
}

memo_conformance::conformance_tests!(fresh);
memo_conformance::parity_test!(fresh, Arc::new(MemoryStore::new()));
