//! A decorator that logs how long each call of a store takes.
//!
//! It writes one event at level TRACE for each call, with the name of the call (`memos.list`), its duration in microseconds
//! and its outcome: `ok`, the kind of the error, or `dropped` if the call was cancelled. Values are never logged.

mod repositories;

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use memo_domain::{Access, Conflict, Store, StoreError, UnitOfWork, UserId};
use tracing::Level;

/// The target of the events.
const TARGET: &str = "memo::store";

/// A store that forwards each call to another store and writes an event for it.
pub struct TracedStore(Arc<dyn Store>);

impl TracedStore {
    /// Wraps a store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self(inner)
    }
}

/// Wraps a store in a [`TracedStore`] if its events are logged (`log.level` contains `memo::store=trace`). Otherwise
/// returns the store itself, so that its calls cost nothing more.
#[must_use]
pub fn trace_if_enabled(store: Arc<dyn Store>) -> Arc<dyn Store> {
    if tracing::enabled!(target: TARGET, Level::TRACE) { Arc::new(TracedStore::new(store)) } else { store }
}

#[async_trait]
impl Store for TracedStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let name = match access {
            Access::Read => "begin.read",
            Access::Snapshot => "begin.snapshot",
            Access::Write => "begin.write",
        };
        let inner = trace(name, self.0.begin_for(access, user)).await?;
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

/// Awaits a call and writes its event.
async fn trace<T>(name: &'static str, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let mut event = Event { name, started: Instant::now(), outcome: "dropped" };
    let result = call.await;
    event.outcome = result.as_ref().err().map_or("ok", kind);
    result
}

/// The event of a call, written when it is dropped: after the call, or when the call is cancelled.
struct Event {
    name: &'static str,
    started: Instant,
    outcome: &'static str,
}

impl Drop for Event {
    fn drop(&mut self) {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::trace!(target: TARGET, call = self.name, micros, outcome = self.outcome, "store");
    }
}

const fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { what: Conflict::Id } => "conflict.id",
        StoreError::Conflict { what: Conflict::Email } => "conflict.email",
        StoreError::Conflict { what: Conflict::Parent } => "conflict.parent",
        StoreError::Stale => "stale",
        StoreError::Contention { .. } => "contention",
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Unwritable { .. } => "unwritable",
        StoreError::Corrupt { .. } => "corrupt",
        StoreError::Timeout { .. } => "timeout",
        StoreError::Other { .. } => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Mutex, PoisonError},
        task::Poll,
    };

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

    /// Collects the fields of events as text.
    #[derive(Clone, Default)]
    struct Collector(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Collector {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == TARGET
        }

        // Not cached for the whole process: other tests in it have no subscriber.
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
            self.0.lock().expect("not poisoned").push(line.0);
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

    /// Held while a test depends on which subscribers there are: tracing caches for all threads whether an event has one.
    static SUBSCRIBERS: Mutex<()> = Mutex::new(());

    /// Returns the events that are written while `work` runs.
    fn logged(work: impl Future<Output = ()>) -> Vec<String> {
        let _alone = SUBSCRIBERS.lock().unwrap_or_else(PoisonError::into_inner);
        let collector = Collector::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        with_default(collector.clone(), || runtime.block_on(work));
        let lines = collector.0.lock().expect("not poisoned");
        lines.clone()
    }

    #[test]
    fn each_call_writes_one_event_without_values() {
        let lines = logged(async {
            let faulty = FaultyStore::new(Arc::new(MemoryStore::new()));
            faulty.plan([Fault::before(3, StoreError::Stale)]);
            let store = trace_if_enabled(Arc::new(faulty));
            let filter = MemoFilter::of(UserId::new(Uuid::from_u128(7)));
            store.check().await.expect("it is in order");
            let mut unit = store.begin(Access::Write).await.expect("a unit of work");
            unit.memos().count(&filter).await.expect("memos are counted");
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
    fn a_cancelled_call_writes_an_event() {
        let lines = logged(async {
            let mut call = Box::pin(trace::<()>("commit", std::future::pending()));
            let polled = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
            assert!(polled.is_pending());
        });
        assert_eq!(lines, ["store \"commit\" micros \"dropped\" "]);
    }

    #[test]
    fn a_store_without_a_subscriber_is_not_wrapped() {
        let _alone = SUBSCRIBERS.lock().unwrap_or_else(PoisonError::into_inner);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        assert!(Arc::ptr_eq(&store, &trace_if_enabled(Arc::clone(&store))));
    }
}
