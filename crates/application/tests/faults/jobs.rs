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

/// A world in which one mail waits.
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

/// One that goes wrong there; how often the mail was sent by then.
async fn doubtful(world: &World, fault: Fault) -> usize {
    world.store.plan([fault]);
    assert!(world.worker.run_next().await.is_err());
    assert_eq!(world.store.pending(), 0);
    world.mail.sent().len()
}

/// Delivers what is due after the lease, and nothing more; how often the mail was sent by then.
async fn later(world: &World) -> usize {
    world.clock.advance(LEASE);
    while world.worker.run_next().await.expect("mail is sent") > 0 {}
    world.mail.sent().len()
}

async fn dead(world: &World) -> Vec<Job> {
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    unit.jobs().list_dead(&JobKind::MAIL, None, Limit::new(100).expect("a limit")).await.expect("mail is read")
}

#[tokio::test]
async fn a_delivery_makes_these_calls() {
    let world = world().await;
    world.store.plan([]);
    assert_eq!(world.worker.run_next().await.expect("it is sent"), 1);
    assert_eq!(world.store.calls(), CALLS);
    assert_eq!((later(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn a_mail_whose_removal_fails_is_sent_twice_and_then_dead() {
    for (first, second) in (3..CALLS.len()).flat_map(|first| (3..CALLS.len()).map(move |second| (first, second))) {
        let world = world().await;
        assert_eq!(doubtful(&world, Fault::before(first, away())).await, 1);
        assert_eq!(world.worker.run_next().await.expect("nothing is due"), 0);
        world.clock.advance(LEASE);
        assert_eq!(doubtful(&world, Fault::before(second, away())).await, 2);
        assert!(dead(&world).await.is_empty());
        for _ in 0..50 {
            assert_eq!(later(&world).await, 2, "calls {first} and {second}");
        }
        let [mail] = &dead(&world).await[..] else { panic!("one is dead") };
        assert!(mail.error.as_deref().is_some_and(|error| error.contains("may have been sent")), "{:?}", mail.error);
        assert_eq!((mail.attempts, &*mail.label), (2, "verify_email"));
        let [one, two] = &world.mail.sent()[..] else { panic!("two are sent") };
        assert_eq!(one, two, "they can be told to be the same");
    }
}

#[tokio::test]
async fn a_mail_of_which_one_attempt_is_in_doubt_is_sent_once_more() {
    for call in 3..CALLS.len() {
        let world = world().await;
        assert_eq!(doubtful(&world, Fault::before(call, away())).await, 1);
        assert_eq!((later(&world).await, later(&world).await), (2, 2));
        assert!(dead(&world).await.is_empty());
    }
    // Of a removal whose answer is lost nothing is left to doubt.
    let world = world().await;
    assert_eq!(doubtful(&world, Fault::after(CALLS.len() - 1, away())).await, 1);
    assert_eq!((later(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn a_mail_that_was_taken_out_and_never_sent_is_not_lost_in_silence() {
    // The answer to the commit is lost, or the process dies right after it.
    let world = world().await;
    assert_eq!(doubtful(&world, Fault::after(2, away())).await, 0);
    world.clock.advance(LEASE);
    assert_eq!(doubtful(&world, Fault::after(2, away())).await, 0);
    assert_eq!((later(&world).await, dead(&world).await.len()), (0, 1));
    // What was not taken out is in no doubt, however often.
    let world = self::world().await;
    for call in [0, 1, 2, 0, 1, 2] {
        assert_eq!(doubtful(&world, Fault::before(call, away())).await, 0);
    }
    assert_eq!((later(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn what_the_mailer_answers_is_no_doubt() {
    let world = world().await;
    assert_eq!(doubtful(&world, Fault::before(4, away())).await, 1);
    world.clock.advance(LEASE);
    // It is away ten times, and says so.
    world.mail.fail_temporarily(10);
    for _ in 0..10 {
        assert_eq!(world.worker.run_next().await.expect("it is tried"), 1);
        world.clock.advance(Duration::from_hours(4));
    }
    assert_eq!((world.mail.sent().len(), dead(&world).await.len()), (1, 0));
    assert_eq!(doubtful(&world, Fault::before(4, away())).await, 2);
    assert_eq!((later(&world).await, dead(&world).await.len()), (2, 1));
}

#[tokio::test]
async fn an_answer_of_the_mailer_that_nobody_writes_down_is_one() {
    let world = world().await;
    world.mail.fail_temporarily(1);
    assert_eq!(doubtful(&world, Fault::before(4, away())).await, 0);
    world.clock.advance(LEASE);
    assert_eq!(doubtful(&world, Fault::before(4, away())).await, 1);
    assert_eq!((later(&world).await, dead(&world).await.len()), (1, 1));
}
