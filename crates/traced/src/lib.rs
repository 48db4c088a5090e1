//! A store that says how long each call of a port took: for finding out which one is slow.
//!
//! One event of the level TRACE is written for each call, with the name of the call (`memos.list`), the microseconds
//! it took and what came of it: `ok`, the kind of the error, or `dropped` where nobody waited for its end. Never a value.

mod repositories;

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use memo_domain::{Access, Conflict, Store, StoreError, UnitOfWork};
use tracing::Level;

/// What the events are called in the log.
const TARGET: &str = "memo::store";

/// Passes every call on to another store and writes an event for it.
pub struct TracedStore(Arc<dyn Store>);

impl TracedStore {
    /// A store that traces the calls of this one.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self(inner)
    }
}

/// Traces a store where the log takes these events (`log.level` has `memo::store=trace`); otherwise
/// the store stays as it is, and its calls cost nothing more.
#[must_use]
pub fn where_logged(store: Arc<dyn Store>) -> Arc<dyn Store> {
    if tracing::enabled!(target: TARGET, Level::TRACE) { Arc::new(TracedStore::new(store)) } else { store }
}

#[async_trait]
impl Store for TracedStore {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let name = match access {
            Access::Read => "begin.read",
            Access::Snapshot => "begin.snapshot",
            Access::Write => "begin.write",
        };
        let inner = trace(name, self.0.begin(access)).await?;
        Ok(Box::new(repositories::TracedUnit(inner)))
    }

    async fn check(&self) -> Result<(), StoreError> {
        trace("check", self.0.check()).await
    }

    async fn close(&self) {
        let closed = async {
            self.0.close().await;
            Ok(())
        };
        let _: Result<(), StoreError> = trace("close", closed).await;
    }
}

/// Makes a call, and writes its event.
async fn trace<T>(name: &'static str, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let mut event = Event { name, begun: Instant::now(), outcome: "dropped" };
    let result = call.await;
    event.outcome = result.as_ref().err().map_or("ok", kind);
    result
}

/// The event of a call, written when it is over, also by being dropped.
struct Event {
    name: &'static str,
    begun: Instant,
    outcome: &'static str,
}

impl Drop for Event {
    fn drop(&mut self) {
        let micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::trace!(target: TARGET, call = self.name, micros, outcome = self.outcome, "store");
    }
}

const fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { what: Conflict::Id } => "conflict.id",
        StoreError::Conflict { what: Conflict::Email } => "conflict.email",
        StoreError::Conflict { what: Conflict::Parent } => "conflict.parent",
        StoreError::Stale => "stale",
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Corrupt { .. } => "corrupt",
        StoreError::Other { .. } => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, task::Poll};

    use memo_conformance::faults::{Fault, FaultyStore};
    use memo_domain::{MemoFilter, Timestamp, UserId};
    use memo_memory::MemoryStore;
    use tracing::{
        Metadata, Subscriber,
        field::{Field, Visit},
        span,
        subscriber::{Interest, with_default},
    };
    use uuid::Uuid;

    use super::*;

    /// Keeps the fields of events, as text.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Kept {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == TARGET
        }

        // Never the answer for all: another test of this process has no subscriber.
        fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
            Interest::sometimes()
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line::default();
            event.record(&mut line);
            self.0.lock().expect("nobody panicked").push(line.0);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[derive(Default)]
    struct Line(String);

    impl Visit for Line {
        fn record_u64(&mut self, field: &Field, _: u64) {
            self.0.extend([field.name(), " "]);
        }

        fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
            self.0.extend([format!("{value:?}").as_str(), " "]);
        }
    }

    /// What is logged while something runs.
    fn logged(work: impl Future<Output = ()>) -> Vec<String> {
        let kept = Kept::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        with_default(kept.clone(), || runtime.block_on(work));
        let lines = kept.0.lock().expect("nobody panicked");
        lines.clone()
    }

    #[test]
    fn each_call_is_one_event_without_values() {
        let lines = logged(async {
            let faulty = FaultyStore::new(Arc::new(MemoryStore::new()));
            faulty.plan([Fault::before(3, StoreError::Stale)]);
            let store = where_logged(Arc::new(faulty));
            let nobody = MemoFilter::of(UserId::new(Uuid::from_u128(7)));
            store.check().await.expect("it is in order");
            let mut unit = store.begin(Access::Write).await.expect("a unit of work");
            unit.memos().count(&nobody).await.expect("memos are counted");
            unit.changes().remove_before(Timestamp::from_micros(0), 7).await.expect_err("it is planned");
            drop(unit);
            drop(store.begin(Access::Snapshot));
            let unit = store.begin(Access::Read).await.expect("a unit of work");
            unit.commit().await.expect("nothing was written");
        });
        let expected = [
            "check ok",
            "begin.write ok",
            "memos.count ok",
            "changes.remove_before stale",
            "begin.read ok",
            "commit ok",
        ];
        let expected = expected.map(|line| {
            let (call, outcome) = line.split_once(' ').expect("two words");
            format!("store {call:?} micros {outcome:?} ")
        });
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_call_that_nobody_waits_for_is_told_too() {
        let lines = logged(async {
            let mut call = Box::pin(trace::<()>("commit", std::future::pending()));
            let polled = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
            assert!(polled.is_pending());
        });
        assert_eq!(lines, ["store \"commit\" micros \"dropped\" "]);
    }

    #[test]
    fn a_store_that_nobody_listens_to_stays_as_it_is() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        assert!(Arc::ptr_eq(&store, &where_logged(Arc::clone(&store))));
    }
}
