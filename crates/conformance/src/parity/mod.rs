//! Runs a random script of operations against a store and a reference, and compares each result: values, and kinds of
//! errors, must be equal.
//!
//! The reference is a simple store that passes the suite, such as the in-memory one.

mod account_reads;
mod accounts;
mod api_keys;
mod idempotency;
mod links;
mod pair;
mod random;
mod reads;
mod texts;
mod usage;
mod webhooks;
mod writes;

use std::{env, fmt::Display, str::FromStr, sync::Arc, time::Duration};

use memo_domain::{
    Access, AuditId, JobId, MemoCursor, MemoId, PageStart, SecretDigest, SessionId, SortField, Store, UserId,
};

use crate::{
    Boxed, TestStore,
    runner::{PATIENCE, run_within},
};
use pair::Pair;
use random::Random;

/// Steps of a script, unless `MEMO_TEST_PARITY_STEPS` is set.
const STEPS: usize = 1_000;
/// The seed of each script. `MEMO_TEST_SEED` replaces the first.
pub const SEEDS: [u64; 3] = [20_260_131, 7, 8_259];
/// The number of last calls that a failure prints.
const SHOWN: usize = 40;

/// Runs a random script against a store and a reference, both empty, and compares each result.
///
/// The same seed and number of steps give the same script.
///
/// # Panics
/// If a result differs. The last calls are printed, with the seed and the step.
pub async fn run(store: &dyn Store, reference: &dyn Store, seed: u64, steps: usize) {
    let mut script = Script {
        store,
        reference,
        chance: Random::new(seed),
        known: Known::default(),
        writer: None,
        known_before: [0; 4],
        snapshot: None,
        log: Log { seed, lines: Vec::new() },
    };
    script.add_first_users().await;
    for _ in 0..steps {
        script.step().await;
    }
    script.end().await;
}

/// The store under test and the reference, both empty.
pub type Stores = (Box<dyn TestStore>, Arc<dyn Store>);

/// Runs a script of [`parity_test!`](crate::parity_test), by its index in [`SEEDS`].
///
/// # Panics
/// If a result differs, or if a variable is not a number.
pub fn check(factory: fn() -> Boxed<Option<Stores>>, script: usize) {
    let steps = number("MEMO_TEST_PARITY_STEPS", STEPS);
    let seed = if script == 0 { number("MEMO_TEST_SEED", SEEDS[0]) } else { SEEDS[script] };
    let patience = PATIENCE + Duration::from_millis(50) * u32::try_from(steps).unwrap_or(u32::MAX);
    let case = move |(test_store, reference): Stores| -> Boxed<()> {
        Box::pin(async move { run(&*test_store.store(), &*reference, seed, steps).await })
    };
    run_within(patience, "parity", factory, case);
}

fn number<N: FromStr<Err: Display>>(variable: &str, default: N) -> N {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{variable} is a number: {error}")),
        Err(_) => default,
    }
}

/// What the script has created. Some of it was rolled back or removed, and is still asked for.
#[derive(Default)]
struct Known {
    /// The number of ids given out.
    ids_given: u32,
    users: Vec<UserId>,
    sessions: Vec<SessionId>,
    digests: Vec<SecretDigest>,
    memos: Vec<MemoId>,
    /// Each with its list's sort field and whether that list searched: in another list a cursor may be meaningless.
    cursors: Vec<((SortField, bool), MemoCursor)>,
    /// Kept after a rollback, too.
    one_time: Vec<SecretDigest>,
    jobs: Vec<(JobId, UserId)>,
    events: Vec<AuditId>,
}

impl Known {
    /// The number of entities of each kind.
    fn lengths(&self) -> [usize; 4] {
        [self.users.len(), self.sessions.len(), self.digests.len(), self.memos.len()]
    }

    /// Forgets entities created since `lengths`.
    fn shorten(&mut self, [users, sessions, digests, memos]: [usize; 4]) {
        self.users.truncate(users);
        self.sessions.truncate(sessions);
        self.digests.truncate(digests);
        self.memos.truncate(memos);
    }
}

struct Script<'a> {
    store: &'a dyn Store,
    reference: &'a dyn Store,
    chance: Random,
    known: Known,
    /// The unit of work that writes; one at a time.
    writer: Option<Pair>,
    /// The lengths of `known` when it began.
    known_before: [usize; 4],
    /// A snapshot, possibly of a long past state.
    snapshot: Option<Pair>,
    log: Log,
}

impl Script<'_> {
    async fn step(&mut self) {
        match (self.chance.below(100), self.writer.take(), self.snapshot.take()) {
            (0..3, writer, None) => {
                self.writer = writer;
                self.snapshot = Some(self.begin(Access::Snapshot).await);
            }
            (0..8, writer, Some(snapshot)) => {
                self.writer = writer;
                self.commit(snapshot).await;
            }
            (0..40, None, snapshot) => {
                self.snapshot = snapshot;
                self.known_before = self.known.lengths();
                self.writer = Some(self.begin(Access::Write).await);
            }
            (0..14, Some(writer), snapshot) => {
                self.snapshot = snapshot;
                self.commit(writer).await;
            }
            (14..18, Some(writer), snapshot) => {
                self.snapshot = snapshot;
                self.roll_back(writer);
            }
            (18..75, Some(mut writer), snapshot) => {
                self.snapshot = snapshot;
                // After a failed write, a unit of work can only be dropped.
                match self.write(&mut writer).await {
                    Ok(()) => self.writer = Some(writer),
                    Err(_) => self.roll_back(writer),
                }
            }
            (_, writer, snapshot) => {
                (self.writer, self.snapshot) = (writer, snapshot);
                self.read_somewhere().await;
            }
        }
    }

    /// Reads in one of the open units of work, or in a new one.
    async fn read_somewhere(&mut self) {
        match (self.chance.below(4), self.writer.take(), self.snapshot.take()) {
            (0, Some(mut writer), snapshot) => {
                self.snapshot = snapshot;
                self.read(&mut writer).await;
                self.writer = Some(writer);
            }
            (1, writer, Some(mut snapshot)) => {
                self.writer = writer;
                self.read(&mut snapshot).await;
                self.snapshot = Some(snapshot);
            }
            (way, writer, snapshot) => {
                (self.writer, self.snapshot) = (writer, snapshot);
                let access = if way == 2 { Access::Snapshot } else { Access::Read };
                let mut pair = self.begin(access).await;
                self.read(&mut pair).await;
                self.read(&mut pair).await;
            }
        }
    }

    async fn begin(&mut self, access: Access) -> Pair {
        self.log.line(format!("begin {access:?}"));
        let tested = self.store.begin(access).await.expect("a unit of work begins");
        let reference = self.reference.begin(access).await.expect("a unit of work begins");
        let mut pair = Pair::new(tested, reference);
        if access == Access::Snapshot {
            // The first read fixes the state that a snapshot sees, at the latest.
            let unknown = crate::samples::user_id(u32::MAX);
            let _ = pair.ask(&mut self.log, "first read", async |uow| uow.users().lookup(unknown).await).await;
        }
        pair
    }

    fn roll_back(&mut self, writer: Pair) {
        self.log.line("roll back".into());
        drop(writer);
        // In some cases, entities that were rolled back are still asked for.
        if self.chance.percent(70) {
            self.known.shorten(self.known_before);
        }
    }

    async fn commit(&mut self, pair: Pair) {
        self.log.line("commit".into());
        pair.commit().await;
    }

    async fn add_first_users(&mut self) {
        while self.known.users.len() < 4 {
            self.known_before = self.known.lengths();
            let mut writer = self.begin(Access::Write).await;
            match self.add_user(&mut writer).await {
                Ok(()) => self.commit(writer).await,
                Err(_) => self.known.shorten(self.known_before),
            }
        }
    }

    /// Compares the complete final state.
    async fn end(&mut self) {
        self.writer = None;
        if let Some(snapshot) = self.snapshot.take() {
            self.commit(snapshot).await;
        }
        let mut pair = self.begin(Access::Snapshot).await;
        self.read_everything(&mut pair).await;
    }
}

/// The start of the page after a cursor.
fn start_at(cursor: Option<MemoCursor>) -> PageStart<MemoCursor> {
    cursor.map_or(PageStart::Offset(0), PageStart::After)
}

/// The calls so far. They are printed if the script panics.
struct Log {
    seed: u64,
    lines: Vec<String>,
}

impl Log {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let number = self.lines.len();
            eprintln!("MEMO_TEST_SEED={}, call {number}; the last calls were:", self.seed);
            for (index, line) in self.lines.iter().enumerate().skip(number.saturating_sub(SHOWN)) {
                eprintln!("{:6} {line}", index + 1);
            }
        }
    }
}

/// Expands to a module `parity` of tests that run random scripts against a store and a reference, one for each of
/// [`SEEDS`](crate::parity::SEEDS).
///
/// The first argument is the factory that [`conformance_tests!`](crate::conformance_tests) takes; the second is an
/// expression that creates the reference, an empty `Arc<dyn Store>`. `MEMO_TEST_PARITY_STEPS` sets the length of a script,
/// and `MEMO_TEST_SEED` the seed of the first one.
#[macro_export]
macro_rules! parity_test {
    ($factory:path, $reference:expr) => {
        fn __parity_stores() -> $crate::Boxed<Option<$crate::parity::Stores>> {
            Box::pin(async { Some(($factory().await?, $reference as _)) })
        }

        mod parity {
            #[test]
            fn first_script_has_the_results_of_the_reference() {
                $crate::parity::check(super::__parity_stores, 0);
            }

            #[test]
            fn second_script_has_the_results_of_the_reference() {
                $crate::parity::check(super::__parity_stores, 1);
            }

            #[test]
            fn third_script_has_the_results_of_the_reference() {
                $crate::parity::check(super::__parity_stores, 2);
            }
        }
    };
}
