use std::{future::poll_fn, task::Poll, time::Duration};

use memo_conformance::faults::FaultyStore;
use memo_domain::{
    ChangeKind, DisplayName, Email, Locale, MemoId, NewChange, PasswordHash, Stamp, StoreError, Timestamp, User, Uuid,
    Version,
};
use memo_memory::{FixedClock, MemoryStore};
use tokio::sync::oneshot;

use super::{commit::Commit, *};

const START: Timestamp = Timestamp::from_micros(0);

fn user_id(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn user(n: u128) -> User {
    let email = Email::new(format!("user{n}@example.com")).expect("an address");
    let (name, hash) = (DisplayName::new("User").expect("a name"), PasswordHash::new("hash".to_owned()));
    User::sign_up(user_id(n), email, name, hash, Locale::En, START)
}

fn change() -> NewChange {
    let memo_id = MemoId::new(Uuid::from_u128(1));
    NewChange { kind: ChangeKind::Created, memo_id, version: Version::new(1), at: START }
}

/// A decorated store with one user, and the store that it decorates, which records its calls.
struct Fixture {
    store: StampedStore,
    asked: Arc<FaultyStore>,
    clock: Arc<FixedClock>,
}

impl Fixture {
    async fn new() -> Self {
        let asked = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let clock = Arc::new(FixedClock::at(START));
        let store = StampedStore::new(asked.clone(), clock.clone());
        let mut unit = store.begin(Access::Write).await.expect("a unit of work");
        unit.users().insert(&user(0)).await.expect("the user is inserted");
        unit.commit().await.expect("it commits");
        Self { store, asked, clock }
    }

    /// Looks up the stamp of the user, and returns whether the store behind was asked for it.
    async fn lookup(&self) -> (Stamp, bool) {
        self.asked.plan([]);
        let mut unit = self.store.begin(Access::Read).await.expect("a unit of work");
        let stamp = unit.changes().lookup_stamp(user_id(0)).await.expect("the stamp is read").expect("a user");
        (stamp, self.asked.calls().contains(&"changes.lookup_stamp"))
    }

    async fn append(&self) -> Box<dyn UnitOfWork> {
        let mut unit = self.store.begin(Access::Write).await.expect("a unit of work");
        unit.changes().append(user_id(0), &[change()]).await.expect("a change is appended");
        unit
    }
}

fn stamp(last_change: u64, user: Version) -> Stamp {
    Stamp { last_change, user }
}

#[tokio::test]
async fn a_stamp_is_read_once_until_something_is_committed() {
    let fixture = Fixture::new().await;
    let first = user(0).version;
    assert_eq!(fixture.lookup().await, (stamp(0, first), true));
    assert_eq!(fixture.lookup().await, (stamp(0, first), false));

    drop(fixture.append().await);
    assert_eq!(fixture.lookup().await, (stamp(0, first), false), "nothing was committed");

    fixture.append().await.commit().await.expect("it commits");
    assert_eq!(fixture.lookup().await, (stamp(1, first), true));
    assert_eq!(fixture.lookup().await, (stamp(1, first), false));

    let mut renamed = user(0);
    renamed.version = first.next();
    let mut unit = fixture.store.begin(Access::Write).await.expect("a unit of work");
    unit.users().update(&renamed, first).await.expect("the user is renamed");
    unit.commit().await.expect("it commits");
    assert_eq!(fixture.lookup().await, (stamp(1, first.next()), true));
}

#[tokio::test]
async fn a_commit_of_another_user_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.lookup().await;
    let mut unit = fixture.store.begin(Access::Write).await.expect("a unit of work");
    unit.users().insert(&user(1)).await.expect("the user is inserted");
    unit.commit().await.expect("it commits");
    assert!(!fixture.lookup().await.1);
}

#[tokio::test]
async fn a_change_of_another_process_is_noticed_within_a_second() {
    let fixture = Fixture::new().await;
    fixture.lookup().await;
    let mut unit = fixture.asked.begin(Access::Write).await.expect("a unit of work");
    unit.changes().append(user_id(0), &[change()]).await.expect("a change is appended");
    unit.commit().await.expect("it commits");
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.lookup().await, (stamp(1, user(0).version), true));
}

#[tokio::test]
async fn a_unit_of_work_that_began_before_a_commit_leaves_no_stamp() {
    let fixture = Fixture::new().await;
    let mut early = fixture.store.begin(Access::Read).await.expect("a unit of work");
    fixture.append().await.commit().await.expect("it commits");
    early.changes().lookup_stamp(user_id(0)).await.expect("a stamp is read");
    assert_eq!(fixture.lookup().await, (stamp(1, user(0).version), true));
}

#[tokio::test]
async fn a_writer_and_a_snapshot_read_themselves() {
    let fixture = Fixture::new().await;
    fixture.lookup().await;
    let mut unit = fixture.append().await;
    let seen = unit.changes().lookup_stamp(user_id(0)).await.expect("the stamp is read");
    assert_eq!(seen, Some(stamp(1, user(0).version)), "what it has written");
    let mut snapshot = fixture.store.begin(Access::Snapshot).await.expect("a unit of work");
    unit.commit().await.expect("it commits");
    fixture.lookup().await;
    let seen = snapshot.changes().lookup_stamp(user_id(0)).await.expect("the stamp is read");
    assert_eq!(seen, Some(stamp(0, user(0).version)), "the state of its beginning");
}

#[tokio::test]
async fn while_a_commit_runs_nothing_is_remembered_even_if_it_was_cancelled() {
    let fixture = Fixture::new().await;
    fixture.lookup().await;
    let (end, ended) = oneshot::channel::<()>();
    let running = fixture.store.stamps.clone().begin(vec![user_id(0)]);
    let slow = async { ended.await.map_err(|error| StoreError::Other { source: error.into() }) };
    let mut commit = Box::pin(Commit::new(Box::pin(slow), running));
    assert!(poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).await.is_pending());
    assert!(fixture.lookup().await.1);
    drop(commit);
    tokio::task::yield_now().await;
    assert!(fixture.lookup().await.1 && fixture.lookup().await.1, "it goes on in the background");
    end.send(()).expect("somebody waits");
    tokio::task::yield_now().await;
    assert!(fixture.lookup().await.1);
    assert!(!fixture.lookup().await.1, "it has ended");
}
