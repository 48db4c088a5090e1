//! If any call of the store fails, a use case that writes has done all of its work or nothing, and reports success only after
//! a commit.

mod coverage;
mod deliveries;
mod jobs;
mod more_use_cases;
mod origin;
mod ports;
mod races;
mod shares;
mod state;
mod steps;
mod usage;
mod use_cases;
mod world;

use std::{mem::discriminant, time::Duration};

use memo_application::Error;
use memo_conformance::faults::Fault;
use memo_domain::{Conflict, StoreError};

use origin::Origin;
use state::State;
use use_cases::{UseCase, all};
use world::World;

const KINDS: [fn() -> StoreError; 8] = [
    || StoreError::Conflict { what: Conflict::Id },
    || StoreError::Conflict { what: Conflict::Email },
    || StoreError::Conflict { what: Conflict::Parent },
    || StoreError::Stale,
    || StoreError::Contention { source: "planned".into() },
    || StoreError::Unavailable { source: "planned".into() },
    || StoreError::Corrupt { source: "planned".into() },
    || StoreError::Other { source: "planned".into() },
];

/// How long a use case is retried.
const BUDGET: Duration = Duration::from_secs(2);

/// A use case that has ended, well or not.
struct Ended {
    result: Result<(), Error>,
    calls: Vec<&'static str>,
    /// How many of the faults did not come to pass.
    pending: usize,
    waited: Duration,
    after: State,
}

/// What a use case may read after its commit: whether a social account has tokens for messages, without which it succeeds, too.
const AFTER_COMMIT: [&str; 2] = ["begin.read", "identities.find_by_subject"];

impl Ended {
    async fn run(use_case: &UseCase, faults: impl IntoIterator<Item = Fault>) -> Self {
        let world = World::later(use_case.later).await;
        world.store.plan(faults);
        let result = (use_case.run)(&world).await;
        let (calls, pending) = (world.store.calls(), world.store.pending());
        Self { result, calls, pending, waited: world.timer.waited(), after: world.state().await }
    }

    async fn with(use_case: &UseCase, fault: Fault) -> Self {
        let ended = Self::run(use_case, [fault]).await;
        assert_eq!(ended.pending, 0, "{}: the planned fault came to pass", use_case.name);
        ended
    }

    /// A run without faults, and what was stored before it.
    async fn well(use_case: &UseCase) -> (Self, State) {
        let before = World::later(use_case.later).await.state().await;
        let mut ended = Self::run(use_case, []).await;
        assert_eq!(before != ended.after, use_case.writes, "{}: it writes", use_case.name);
        let commit = ended.calls.iter().position(|call| *call == "commit").expect("it commits");
        let more = ended.calls.split_off(commit + 1);
        assert!(
            more.iter().all(|call| AFTER_COMMIT.contains(call)),
            "{} commits once, at last: {more:?}",
            use_case.name
        );
        (ended, before)
    }

    /// Whether its result is that of another run.
    fn says_as(&self, other: &Self) -> bool {
        match (&self.result, &other.result) {
            (Ok(()), Ok(())) => true,
            (Err(one), Err(other)) => discriminant(one) == discriminant(other),
            _ => false,
        }
    }
}

#[tokio::test]
async fn world_is_the_same_in_each_run() {
    let [one, other] = [Origin::new().await, Origin::new().await];
    assert!(one.is_same_as(&other));
}

#[tokio::test]
async fn failed_call_leaves_all_or_nothing() {
    for use_case in all() {
        let (well, before) = Ended::well(use_case).await;
        for (number, call) in well.calls.iter().enumerate() {
            for kind in KINDS {
                let what = format!("{}, {:?} instead of call {number}, {call}", use_case.name, kind());
                let ended = Ended::with(use_case, Fault::before(number, kind())).await;
                if ended.says_as(&well) {
                    assert!(use_case.is_retried_after(&kind()), "{what}: no error is reported");
                    assert_eq!(ended.after, well.after, "{what}: it is done once");
                } else {
                    assert!(ended.result.is_err(), "{what}: an error is reported");
                    assert_eq!(ended.after, before, "{what}: nothing is done");
                }
            }
        }
    }
}

#[tokio::test]
async fn call_whose_response_is_lost_leaves_all_or_nothing() {
    for use_case in all() {
        let (well, before) = Ended::well(use_case).await;
        let commit = well.calls.len() - 1;
        for (number, call) in well.calls.iter().enumerate() {
            for kind in KINDS {
                // A store reports a lost race only if it did nothing.
                if number == commit && use_case.is_retried_after(&kind()) {
                    continue;
                }
                let what = format!("{}, {:?} after call {number}, {call}", use_case.name, kind());
                let ended = Ended::with(use_case, Fault::after(number, kind())).await;
                assert!(ended.result.is_err() || ended.says_as(&well), "{what}: an error is reported");
                if number == commit || ended.says_as(&well) {
                    assert_eq!(ended.after, well.after, "{what}: it is done once");
                } else {
                    assert_eq!(ended.after, before, "{what}: nothing is done");
                }
            }
        }
    }
}

/// A use case that succeeds although its commit failed may have read what another writer has not made durable yet, so a
/// crash could undo what it reported.
#[tokio::test]
async fn failed_commit_is_an_error_also_after_reads_only() {
    for use_case in all() {
        let (well, _) = Ended::well(use_case).await;
        let commit = well.calls.len() - 1;
        for kind in KINDS {
            if use_case.is_retried_after(&kind()) {
                continue;
            }
            for fault in [Fault::before(commit, kind()), Fault::after(commit, kind())] {
                let what = format!("{}, {fault:?}", use_case.name);
                let ended = Ended::with(use_case, fault).await;
                assert!(ended.result.is_err() && !ended.says_as(&well), "{what}: {:?}", ended.result);
            }
        }
    }
}

#[tokio::test]
async fn lost_race_is_retried_until_the_budget_is_spent() {
    for use_case in all() {
        let (well, before) = Ended::well(use_case).await;
        let begin = well.calls.iter().position(|call| *call == "begin.write").expect("it writes");
        for number in begin..well.calls.len() {
            // The calls of each attempt up to the one that fails.
            let attempt = number - begin + 1;
            let races = |times| (0..times).map(move |time| Fault::before(number + time * attempt, StoreError::Stale));
            let what = format!("{}, call {number}", use_case.name);

            let lucky = Ended::run(use_case, races(3)).await;
            assert_eq!(lucky.pending, 0, "{what}: it is retried three times");
            assert!(lucky.says_as(&well), "{what}: {:?}", lucky.result);
            assert_eq!(lucky.after, well.after, "{what}: it is done once");

            let unlucky = Ended::run(use_case, races(100)).await;
            assert!(unlucky.pending > 50, "{what}: it is not retried without end");
            assert!(unlucky.waited > BUDGET / 2 && unlucky.waited <= BUDGET, "{what}: {:?}", unlucky.waited);
            assert!(use_case.reports_stale(&unlucky.result), "{what}: {:?}", unlucky.result);
            assert_eq!(unlucky.after, before, "{what}: nothing is done");
        }
    }
}
