//! Whichever call of the store fails, a use case that writes has done all of its work or nothing.

mod jobs;
mod races;
mod use_cases;
mod world;

use std::mem::discriminant;

use memo_application::Error;
use memo_conformance::faults::Fault;
use memo_domain::{Conflict, StoreError};

use use_cases::{ALL, UseCase};
use world::{State, World};

const KINDS: [fn() -> StoreError; 7] = [
    || StoreError::Conflict { what: Conflict::Id },
    || StoreError::Conflict { what: Conflict::Email },
    || StoreError::Conflict { what: Conflict::Parent },
    || StoreError::Stale,
    || StoreError::Unavailable { source: "planned".into() },
    || StoreError::Corrupt { source: "planned".into() },
    || StoreError::Other { source: "planned".into() },
];

/// How often a unit of work is begun at most.
const ATTEMPTS: usize = 4;

/// A use case that has ended, well or not.
struct Ended {
    result: Result<(), Error>,
    calls: Vec<&'static str>,
    before: State,
    after: State,
}

impl Ended {
    async fn with(use_case: &UseCase, faults: impl IntoIterator<Item = Fault>) -> Self {
        let world = World::later(use_case.later).await;
        let before = world.state().await;
        world.store.plan(faults);
        let result = (use_case.run)(&world).await;
        assert_eq!(world.store.pending(), 0, "{}: what was planned has come to pass", use_case.name);
        Self { result, calls: world.store.calls(), before, after: world.state().await }
    }

    /// One that nothing goes wrong in.
    async fn well(use_case: &UseCase) -> Self {
        let ended = Self::with(use_case, []).await;
        assert_ne!(ended.before, ended.after, "{} changes something", use_case.name);
        let commits = ended.calls.iter().filter(|call| **call == "commit").count();
        assert_eq!((commits, ended.calls.last()), (1, Some(&"commit")), "{} commits once, at last", use_case.name);
        ended
    }

    /// Whether it says what another one says.
    fn says_as(&self, other: &Self) -> bool {
        match (&self.result, &other.result) {
            (Ok(()), Ok(())) => true,
            (Err(one), Err(other)) => discriminant(one) == discriminant(other),
            _ => false,
        }
    }
}

#[tokio::test]
async fn a_call_that_fails_leaves_all_or_nothing() {
    for use_case in &ALL {
        let well = Ended::well(use_case).await;
        for (number, call) in well.calls.iter().enumerate() {
            for kind in KINDS {
                let what = format!("{}, {:?} instead of call {number}, {call}", use_case.name, kind());
                let ended = Ended::with(use_case, [Fault::before(number, kind())]).await;
                assert_eq!(ended.before, well.before, "{what}: the world is the same");
                if ended.says_as(&well) {
                    assert!(use_case.repeats && matches!(kind(), StoreError::Stale), "{what}: nobody is told");
                    assert_eq!(ended.after, well.after, "{what}: it is done once");
                } else {
                    assert!(ended.result.is_err(), "{what}: an error is told");
                    assert_eq!(ended.after, well.before, "{what}: nothing is done");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_leaves_all_or_nothing() {
    for use_case in &ALL {
        let well = Ended::well(use_case).await;
        let commit = well.calls.len() - 1;
        for (number, call) in well.calls.iter().enumerate() {
            for kind in KINDS {
                // A store says that it lost a race where it did nothing, and nowhere else.
                if number == commit && matches!(kind(), StoreError::Stale) {
                    continue;
                }
                let what = format!("{}, {:?} after call {number}, {call}", use_case.name, kind());
                let ended = Ended::with(use_case, [Fault::after(number, kind())]).await;
                assert!(ended.result.is_err() || ended.says_as(&well), "{what}: an error is told");
                if number == commit || ended.says_as(&well) {
                    assert_eq!(ended.after, well.after, "{what}: it is done once");
                } else {
                    assert_eq!(ended.after, well.before, "{what}: nothing is done");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_lost_race_is_run_again_a_few_times() {
    for use_case in ALL.iter().filter(|use_case| use_case.repeats) {
        let well = Ended::well(use_case).await;
        let begin = well.calls.iter().position(|call| *call == "begin.write").expect("it writes");
        for number in begin..well.calls.len() {
            // The calls of each attempt up to the one that fails.
            let attempt = number - begin + 1;
            let races = |times| (0..times).map(move |time| Fault::before(number + time * attempt, StoreError::Stale));
            let what = format!("{}, call {number}", use_case.name);

            let lucky = Ended::with(use_case, races(ATTEMPTS - 1)).await;
            assert!(lucky.says_as(&well), "{what}: {:?}", lucky.result);
            assert_eq!(lucky.after, well.after, "{what}: it is done once");

            let unlucky = Ended::with(use_case, races(ATTEMPTS)).await;
            assert!(matches!(unlucky.result, Err(Error::StoreUnavailable { source: StoreError::Stale })), "{what}");
            assert_eq!(unlucky.after, well.before, "{what}: nothing is done");
        }
    }
}
