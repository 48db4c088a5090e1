//! A random script of operations, run against a store and against a reference at the same time: each answer of the one,
//! a value or the kind of an error, must be that of the other.
//!
//! The reference is a store that is known to be good, as that in memory is, which passes the suite and is simple.

mod accounts;
mod chance;
mod pair;
mod reads;
mod texts;
mod writes;

use std::{env, fmt::Display, str::FromStr, sync::Arc, time::Duration};

use memo_domain::{
    Access, AuditId, MailId, MemoCursor, MemoId, PageStart, SecretDigest, SessionId, SortField, Store, UserId,
};

use crate::{TestStore, runner::PATIENCE};
use chance::Chance;
use pair::Pair;

/// How many steps a script has where `MEMO_TEST_PARITY_STEPS` does not say.
const STEPS: usize = 1_000;
/// The seed where `MEMO_TEST_SEED` does not say.
const SEED: u64 = 20_260_131;
/// So many steps are shown where a script fails.
const SHOWN: usize = 40;

/// Runs a random script against a store and a reference, both empty, and compares each answer.
///
/// The same seed and number give the same script.
///
/// # Panics
/// Where an answer differs. What was asked before is printed, with the seed and the step.
pub async fn run(store: &dyn Store, reference: &dyn Store, seed: u64, steps: usize) {
    let mut script = Script {
        store,
        reference,
        chance: Chance::new(seed),
        known: Known::default(),
        writer: None,
        known_before: [0; 4],
        snapshot: None,
        log: Log { seed, lines: Vec::new() },
    };
    script.begin_with_members().await;
    for _ in 0..steps {
        script.step().await;
    }
    script.end().await;
}

/// What [`parity_test!`](crate::parity_test) runs: a script of the length and seed that the environment names.
///
/// # Panics
/// Where an answer differs, or a variable is no number.
pub async fn check(test_store: Box<dyn TestStore>, reference: Arc<dyn Store>) {
    let (seed, steps) = (number("MEMO_TEST_SEED", SEED), number("MEMO_TEST_PARITY_STEPS", STEPS));
    run(&*test_store.store(), &*reference, seed, steps).await;
}

/// After which time a script hangs.
#[must_use]
pub fn patience() -> Duration {
    PATIENCE + Duration::from_millis(50) * u32::try_from(number("MEMO_TEST_PARITY_STEPS", STEPS)).unwrap_or(u32::MAX)
}

fn number<N: FromStr<Err: Display>>(variable: &str, default: N) -> N {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{variable} is a number: {error}")),
        Err(_) => default,
    }
}

/// What the script has made. Some of it was rolled back, or is gone, and asked for all the same.
#[derive(Default)]
struct Known {
    /// How many ids were given out.
    made: u32,
    users: Vec<UserId>,
    sessions: Vec<SessionId>,
    digests: Vec<SecretDigest>,
    memos: Vec<MemoId>,
    /// With what the list was sorted by, and whether it searched: for another a cursor may mean nothing.
    cursors: Vec<((SortField, bool), MemoCursor)>,
    /// These are asked for all the same, whether they were rolled back or not.
    one_time: Vec<SecretDigest>,
    mails: Vec<(MailId, UserId)>,
    events: Vec<AuditId>,
}

impl Known {
    /// How much of each there is.
    fn lengths(&self) -> [usize; 4] {
        [self.users.len(), self.sessions.len(), self.digests.len(), self.memos.len()]
    }

    /// Leaves out what was made since.
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
    chance: Chance,
    known: Known,
    /// The unit of work that writes. There is one at a time.
    writer: Option<Pair>,
    /// What was known when it began.
    known_before: [usize; 4],
    /// One that saw a moment that may be long past.
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
                // After an error of a write only dropping is left.
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

    /// Reads in one of the open units of work, or in one of its own.
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
        let ours = self.store.begin(access).await.expect("a unit of work begins");
        let theirs = self.reference.begin(access).await.expect("a unit of work begins");
        let mut pair = Pair::new(ours, theirs);
        if access == Access::Snapshot {
            // Which moment it is that a snapshot sees is settled by its first read at the latest.
            let nobody = crate::samples::user_id(u32::MAX);
            let _ = pair.ask(&mut self.log, "first read", async |uow| uow.users().lookup(nobody).await).await;
        }
        pair
    }

    fn roll_back(&mut self, writer: Pair) {
        self.log.line("roll back".into());
        drop(writer);
        // Some of what is not there is still asked for.
        if self.chance.percent(70) {
            self.known.shorten(self.known_before);
        }
    }

    async fn commit(&mut self, pair: Pair) {
        self.log.line("commit".into());
        pair.commit().await;
    }

    async fn begin_with_members(&mut self) {
        while self.known.users.len() < 4 {
            self.known_before = self.known.lengths();
            let mut writer = self.begin(Access::Write).await;
            match self.add_user(&mut writer).await {
                Ok(()) => self.commit(writer).await,
                Err(_) => self.known.shorten(self.known_before),
            }
        }
    }

    /// Compares all that is there at last.
    async fn end(&mut self) {
        self.writer = None;
        if let Some(snapshot) = self.snapshot.take() {
            self.commit(snapshot).await;
        }
        let mut pair = self.begin(Access::Snapshot).await;
        self.read_everything(&mut pair).await;
    }
}

/// Where a list goes on.
fn start_at(cursor: Option<MemoCursor>) -> PageStart<MemoCursor> {
    cursor.map_or(PageStart::Offset(0), PageStart::After)
}

/// What was asked so far. It is printed where the script ends in a panic, whoever panics.
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

/// Expands to a test that runs a random script against a store and a reference.
///
/// The first argument is the factory that [`conformance_tests!`](crate::conformance_tests) takes; the second is an
/// expression that makes the reference, an empty `Arc<dyn Store>`. `MEMO_TEST_PARITY_STEPS` and `MEMO_TEST_SEED` name
/// another length and another script.
#[macro_export]
macro_rules! parity_test {
    ($factory:path, $reference:expr) => {
        #[test]
        fn a_random_script_has_the_answers_of_the_reference() {
            let case = |test_store| $crate::parity::check(test_store, $reference);
            let name = "a_random_script_has_the_answers_of_the_reference";
            $crate::run_within($crate::parity::patience(), name, $factory, case);
        }
    };
}
