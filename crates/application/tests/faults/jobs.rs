//! A job runs at most twice, whatever happens to the worker, and is never lost silently.

use std::time::Duration;

use memo_application::Device;
use memo_conformance::faults::Fault;
use memo_domain::{Access, Job, JobKind, Limit, Store, StoreError};

use crate::world::{World, sign_up};

/// The calls of a run: one unit of work that leases the job, one that records the outcome.
const CALLS: [&str; 6] = ["begin.write", "jobs.claim", "commit", "begin.write", "jobs.remove", "commit"];
/// How long a job is leased.
const LEASE: Duration = Duration::from_mins(2);

/// A world with one mail in the queue.
async fn world() -> World {
    let world = World::later(Duration::ZERO).await;
    while world.worker.run_next().await.expect("mail is sent") > 0 {}
    drop(world.mail.take());
    world.accounts.sign_up(sign_up("ivan"), &Device::default()).await.expect("he signs up");
    world
}

fn away() -> StoreError {
    StoreError::Unavailable { source: "planned".into() }
}

/// Runs the worker until this fault; returns how often the mail has been sent.
async fn run_until(world: &World, fault: Fault) -> usize {
    world.store.plan([fault]);
    assert!(world.worker.run_next().await.is_err());
    assert_eq!(world.store.pending(), 0);
    world.mail.sent().len()
}

/// Runs all jobs that are due after the lease; returns how often the mail has been sent.
async fn run_after_lease(world: &World) -> usize {
    world.clock.advance(LEASE);
    while world.worker.run_next().await.expect("mail is sent") > 0 {}
    world.mail.sent().len()
}

async fn dead(world: &World) -> Vec<Job> {
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    unit.jobs().list_dead(&JobKind::MAIL, None, Limit::new(100).expect("a limit")).await.expect("dead jobs are listed")
}

#[tokio::test]
async fn job_makes_the_calls_that_the_other_tests_fail() {
    let world = world().await;
    world.store.plan([]);
    assert_eq!(world.worker.run_next().await.expect("it is sent"), 1);
    assert_eq!(world.store.calls(), CALLS);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn mail_is_dead_after_two_attempts_with_an_unknown_outcome() {
    for (first, second) in (3..CALLS.len()).flat_map(|first| (3..CALLS.len()).map(move |second| (first, second))) {
        let world = world().await;
        assert_eq!(run_until(&world, Fault::before(first, away())).await, 1);
        assert_eq!(world.worker.run_next().await.expect("nothing is due"), 0);
        world.clock.advance(LEASE);
        assert_eq!(run_until(&world, Fault::before(second, away())).await, 2);
        assert!(dead(&world).await.is_empty());
        for _ in 0..50 {
            assert_eq!(run_after_lease(&world).await, 2, "calls {first} and {second}");
        }
        let [mail] = &dead(&world).await[..] else { panic!("one job is dead") };
        assert!(mail.error.as_deref().is_some_and(|error| error.contains("may have been sent")), "{:?}", mail.error);
        assert_eq!((mail.attempts, &*mail.label), (2, "verify_email"));
        let [one, two] = &world.mail.sent()[..] else { panic!("two mails are sent") };
        assert_eq!(one, two, "the recipient can recognize the duplicate");
    }
}

#[tokio::test]
async fn mail_is_sent_again_after_one_attempt_with_an_unknown_outcome() {
    for call in 3..CALLS.len() {
        let world = world().await;
        assert_eq!(run_until(&world, Fault::before(call, away())).await, 1);
        assert_eq!((run_after_lease(&world).await, run_after_lease(&world).await), (2, 2));
        assert!(dead(&world).await.is_empty());
    }
    // A removal that is committed leaves no job, also if its response is lost.
    let world = world().await;
    assert_eq!(run_until(&world, Fault::after(CALLS.len() - 1, away())).await, 1);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn mail_claimed_twice_but_never_sent_is_dead() {
    // The response to the commit is lost, or the process dies just after it.
    let world = world().await;
    assert_eq!(run_until(&world, Fault::after(2, away())).await, 0);
    world.clock.advance(LEASE);
    assert_eq!(run_until(&world, Fault::after(2, away())).await, 0);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (0, 1));
    // A claim that is not committed counts as no attempt.
    let world = self::world().await;
    for call in [0, 1, 2, 0, 1, 2] {
        assert_eq!(run_until(&world, Fault::before(call, away())).await, 0);
    }
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn failure_reported_by_the_mailer_is_a_known_outcome() {
    let world = world().await;
    assert_eq!(run_until(&world, Fault::before(4, away())).await, 1);
    world.clock.advance(LEASE);
    // The mailer reports ten failures.
    world.mail.fail_temporarily(10);
    for _ in 0..10 {
        assert_eq!(world.worker.run_next().await.expect("it is tried"), 1);
        world.clock.advance(Duration::from_hours(4));
    }
    assert_eq!((world.mail.sent().len(), dead(&world).await.len()), (1, 0));
    assert_eq!(run_until(&world, Fault::before(4, away())).await, 2);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (2, 1));
}

#[tokio::test]
async fn failure_that_cannot_be_recorded_is_an_unknown_outcome() {
    let world = world().await;
    world.mail.fail_temporarily(1);
    assert_eq!(run_until(&world, Fault::before(4, away())).await, 0);
    world.clock.advance(LEASE);
    assert_eq!(run_until(&world, Fault::before(4, away())).await, 1);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 1));
}
