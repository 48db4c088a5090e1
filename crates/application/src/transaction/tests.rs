use std::{
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use memo_conformance::faults::{Fault, FaultyStore};
use memo_domain::{AuditKind, ChangeKind, DisplayName, Email, Locale, MemoId, Received, Topic, User, Version};
use memo_memory::{FixedClock, MemoryEvents, MemoryStore, SequentialIds, SequentialSecrets};
use tracing::{Metadata, Subscriber, span};
use uuid::Uuid;

use super::{
    retries::{BUDGET, MAX_WAIT},
    *,
};
use crate::{Device, ports::Work};

const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_000_000);

/// Records waits and wake-ups, and keeps work instead of running it.
#[derive(Default)]
struct Recorder {
    work: Mutex<Vec<Work>>,
    waits: Mutex<Vec<Duration>>,
    wake_ups: AtomicUsize,
}

impl Timer for Recorder {
    fn sleep(&self, duration: Duration) -> Work {
        self.waits.lock().expect("no test panics").push(duration);
        Box::pin(async {})
    }
}

impl Background for Recorder {
    fn run(&self, work: Work) {
        self.work.lock().expect("no test panics").push(work);
    }

    fn jobs_wait(&self) {
        self.wake_ups.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts the events of the audit log.
struct AuditEvents(Arc<AtomicUsize>);

impl Subscriber for AuditEvents {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "memo::audit"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct World {
    store: Arc<FaultyStore>,
    clock: Arc<FixedClock>,
    recorder: Arc<Recorder>,
    live: Arc<LiveSessions>,
    transactions: Transactions,
}

impl World {
    fn new() -> Self {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let clock = Arc::new(FixedClock::at(NOW));
        let (recorder, live) = (Arc::new(Recorder::default()), Arc::new(LiveSessions::new()));
        let transactions = Transactions::new(
            store.clone(),
            clock.clone(),
            Arc::new(SequentialIds::new()),
            Arc::new(SequentialSecrets::new()),
            recorder.clone(),
            recorder.clone(),
            live.clone(),
        );
        Self { store, clock, recorder, live, transactions }
    }

    fn waits(&self) -> Vec<Duration> {
        self.recorder.waits.lock().expect("no test panics").clone()
    }
}

fn user() -> User {
    let email = Email::new("alice@example.com").expect("an address");
    let name = DisplayName::new("Alice").expect("a name");
    User::without_password(UserId::new(id()), email, name, Locale::En, NOW)
}

fn id() -> Uuid {
    Uuid::from_u128(7 << 76 | 2 << 62)
}

fn busy() -> StoreError {
    StoreError::Contention { source: "planned".into() }
}

fn away() -> StoreError {
    StoreError::Unavailable { source: "planned".into() }
}

/// The commit goes on without its caller.
#[tokio::test]
async fn effects_are_published_if_the_caller_is_gone_during_the_commit() {
    let world = World::new();
    let session = SessionId::new(id());
    let watch = world.live.look(session, NOW).expect("unknown at first");
    world.live.keep(session, NOW, &watch);
    // begin, insert, commit
    world.store.plan([Fault::unanswered(2)]);
    let mut writing = Box::pin(world.transactions.write(async |tx: &mut Transaction| {
        tx.users().insert(&user()).await?;
        tx.end_sessions([session]);
        tx.wake_jobs();
        Ok(())
    }));
    let ended = std::future::poll_fn(|context| std::task::Poll::Ready(writing.as_mut().poll(context).is_ready()));
    assert!(!ended.await);
    assert!(world.live.look(session, NOW).is_none(), "it is not committed yet, as far as is known");
    drop(writing);
    assert!(world.live.look(session, NOW).is_some());
    assert_eq!(world.recorder.wake_ups.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn effects_are_published_once_and_after_the_commit() {
    let world = World::new();
    let session = SessionId::new(id());
    let logged = Arc::new(AtomicUsize::new(0));
    let _guard = tracing::subscriber::set_default(AuditEvents(logged.clone()));
    let watch = world.live.look(session, NOW).expect("unknown at first");
    world.live.keep(session, NOW, &watch);
    let published = || {
        let ended = world.live.look(session, NOW).is_some();
        (logged.load(Ordering::Relaxed), world.recorder.wake_ups.load(Ordering::Relaxed), ended)
    };
    let sign_up = async |tx: &mut Transaction| {
        tx.users().insert(&user()).await?;
        tx.record(AuditEntry::new(user().id, AuditKind::SignedUp, &Device::default())).await?;
        tx.end_sessions([session]);
        tx.wake_jobs();
        Ok(())
    };

    let refused = world.transactions.write(async |tx: &mut Transaction| {
        sign_up(tx).await?;
        Err::<(), _>(Error::NotAdministrator)
    });
    assert!(matches!(refused.await, Err(Error::NotAdministrator)));
    assert_eq!(published(), (0, 0, false));

    // begin, insert, append, commit
    world.store.plan([Fault::before(3, away())]);
    let failed = world.transactions.write(sign_up).await;
    assert!(matches!(failed, Err(Error::Store(StoreError::Unavailable { .. }))), "{failed:?}");
    assert_eq!(published(), (0, 0, false));

    world.store.plan([Fault::before(3, busy()), Fault::before(7, busy())]);
    world.transactions.write(sign_up).await.expect("the third attempt succeeds");
    assert_eq!(world.waits().len(), 2);
    assert_eq!(published(), (1, 1, true));
}

#[tokio::test]
async fn all_nodes_are_told_of_a_commit() {
    let (world, events) = (World::new(), Arc::new(MemoryEvents::new()));
    let mut other_node = events.subscribe(&[Topic::Sessions, Topic::Memos, Topic::Jobs]);
    let transactions = world.transactions.clone().with_events(events);
    let (owner, session) = (user().id, SessionId::new(id()));
    let write = async |tx: &mut Transaction| {
        let change =
            NewChange { kind: ChangeKind::Created, memo_id: MemoId::new(id()), version: Version::FIRST, at: NOW };
        tx.users().insert(&user()).await?;
        tx.append_change(owner, change);
        tx.end_sessions([session]);
        tx.wake_jobs();
        Ok(())
    };
    // begin, insert, append, commit
    world.store.plan([Fault::before(3, away())]);
    transactions.write(write).await.expect_err("the commit fails");
    assert!(world.recorder.work.lock().expect("no test panics").is_empty());

    transactions.write(write).await.expect("it is committed");
    let work = std::mem::take(&mut *world.recorder.work.lock().expect("no test panics"));
    for work in work {
        work.await;
    }
    for event in [Event::SessionsEnded(vec![session]), Event::MemosChanged(owner), Event::JobsWaiting] {
        assert_eq!(other_node.next().await, Received::Event(event));
    }
}

#[tokio::test]
async fn a_transaction_that_writes_nothing_is_committed() {
    let world = World::new();
    world.transactions.write(async |_: &mut Transaction| Ok(())).await.expect("it is committed");
    assert_eq!(world.store.calls(), ["begin.write", "commit"]);
}

#[tokio::test]
async fn waits_are_random_grow_and_stay_in_the_budget() {
    let world = World::new();
    world.store.plan((0..100).map(|call| Fault::before(call, busy())));
    let failed = world.transactions.write(async |_: &mut Transaction| Ok(())).await;
    assert!(matches!(failed, Err(Error::Store(StoreError::Contention { .. }))), "{failed:?}");
    let waits = world.waits();
    let longest = |n: usize| Duration::from_millis((5 << n.min(8)).min(200));
    for (n, wait) in waits.iter().enumerate() {
        assert!(*wait >= longest(n) / 2 && *wait <= longest(n), "wait {n}: {wait:?}");
    }
    let total: Duration = waits.iter().sum();
    assert!(total <= BUDGET && total + MAX_WAIT > BUDGET, "{total:?}");
}

#[tokio::test]
async fn slow_attempts_use_up_the_budget() {
    let world = World::new();
    let mut attempts = 0;
    let failed = world.transactions.write(async |_: &mut Transaction| {
        attempts += 1;
        world.clock.advance(Duration::from_millis(900));
        Err::<(), _>(busy().into())
    });
    assert!(failed.await.is_err());
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn reads_are_retried_as_well() {
    let world = World::new();
    world.store.plan([Fault::before(1, busy())]);
    let found = world.transactions.read(async |unit: &mut dyn UnitOfWork| Ok(unit.users().lookup(user().id).await?));
    assert_eq!(found.await.expect("the second attempt succeeds"), None);
    assert_eq!(world.store.calls(), ["begin.read", "users.lookup", "begin.read", "users.lookup"]);
}

#[tokio::test]
async fn other_errors_are_not_retried() {
    let world = World::new();
    for error in [away(), StoreError::Conflict { what: Conflict::Id }, StoreError::Other { source: "planned".into() }] {
        world.store.plan([Fault::before(1, error)]);
        world.transactions.write(async |_: &mut Transaction| Ok(())).await.expect_err("the commit fails");
    }
    assert!(world.waits().is_empty());
}

#[tokio::test]
async fn a_conflict_is_retried_if_the_use_case_says_so() {
    let world = World::new();
    world.store.plan([Fault::before(1, StoreError::Conflict { what: Conflict::Id })]);
    let work = async |tx: &mut Transaction| {
        tx.retry_on(Conflict::Id);
        Ok(())
    };
    world.transactions.write(work).await.expect("the second attempt succeeds");
    assert_eq!(world.store.calls(), ["begin.write", "commit", "begin.write", "commit"]);
}

#[test]
fn no_other_module_begins_or_commits() {
    let mut sources = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    assert!(sources.len() > 20);
    for (path, text) in sources {
        for call in [".begin(", ".commit(", "audit().append(", "changes().append("] {
            assert!(!text.contains(call), "{path}: {call}");
        }
    }
}

fn collect(folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("the entry is read").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if !path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("transaction")) {
            sources.push((path.display().to_string(), fs::read_to_string(&path).expect("the file is read")));
        }
    }
}
