//! A job runs at most twice, whatever happens to the worker, and is never lost silently.

use std::time::Duration;

use memo_application::{Device, ProfileChange};
use memo_conformance::faults::Fault;
use memo_domain::{Access, Clock, Email, IdGenerator, Job, JobId, JobKind, JobState, Limit, Sealed, Store, StoreError};
use memo_memory::SequentialIds;

use crate::world::{PASSWORD, World, new_key, sign_up};

/// The calls of a run: one unit of work that looks for a job, one that leases it, one that records the outcome.
const CALLS: [&str; 10] = [
    "begin.read",
    "jobs.has_due",
    "begin.write",
    "jobs.claim",
    "jobs.claim",
    "commit",
    "begin.write",
    "jobs.holds",
    "jobs.remove",
    "commit",
];
/// The index of the commit of the lease, and of the first call after it.
const LEASED: usize = 5;
const RECORDING: usize = LEASED + 1;
/// How long a job is leased.
const LEASE: Duration = Duration::from_secs(150);

/// A world with one mail in the queue.
async fn world() -> World {
    let world = World::later(Duration::ZERO).await;
    while world.run_next().await.expect("mail is sent") > 0 {}
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
    assert!(world.run_next().await.is_err());
    assert_eq!(world.store.pending(), 0);
    world.mail.sent().len()
}

/// Runs all jobs that are due after the lease; returns how often the mail has been sent.
async fn run_after_lease(world: &World) -> usize {
    world.clock.advance(LEASE);
    while world.run_next().await.expect("mail is sent") > 0 {}
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
    assert_eq!(world.run_next().await.expect("it is sent"), 1);
    assert_eq!(world.store.calls(), CALLS);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn mail_is_dead_after_two_attempts_with_an_unknown_outcome() {
    for (first, second) in
        (RECORDING..CALLS.len()).flat_map(|first| (RECORDING..CALLS.len()).map(move |second| (first, second)))
    {
        let world = world().await;
        assert_eq!(run_until(&world, Fault::before(first, away())).await, 1);
        assert_eq!(world.run_next().await.expect("nothing is due"), 0);
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
    for call in RECORDING..CALLS.len() {
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
    assert_eq!(run_until(&world, Fault::after(LEASED, away())).await, 0);
    world.clock.advance(LEASE);
    assert_eq!(run_until(&world, Fault::after(LEASED, away())).await, 0);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (0, 1));
    // A claim that is not committed counts as no attempt.
    let world = self::world().await;
    for call in (0..=LEASED).chain(0..=LEASED) {
        assert_eq!(run_until(&world, Fault::before(call, away())).await, 0);
    }
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 0));
}

#[tokio::test]
async fn failure_reported_by_the_mailer_is_a_known_outcome() {
    let world = world().await;
    assert_eq!(run_until(&world, Fault::before(RECORDING + 1, away())).await, 1);
    world.clock.advance(LEASE);
    // The mailer reports ten failures.
    world.mail.fail_temporarily(10);
    for _ in 0..10 {
        assert_eq!(world.run_next().await.expect("it is tried"), 1);
        world.clock.advance(Duration::from_hours(4));
    }
    assert_eq!((world.mail.sent().len(), dead(&world).await.len()), (1, 0));
    assert_eq!(run_until(&world, Fault::before(RECORDING + 1, away())).await, 2);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (2, 1));
}

#[tokio::test]
async fn failure_that_cannot_be_recorded_is_an_unknown_outcome() {
    let world = world().await;
    world.mail.fail_temporarily(1);
    assert_eq!(run_until(&world, Fault::before(RECORDING + 1, away())).await, 0);
    world.clock.advance(LEASE);
    assert_eq!(run_until(&world, Fault::before(RECORDING + 1, away())).await, 1);
    assert_eq!((run_after_lease(&world).await, dead(&world).await.len()), (1, 1));
}

#[tokio::test]
async fn urgent_mail_overtakes_the_others_and_so_does_its_retry() {
    let world = world().await;
    let now = world.clock.now();
    let payload = b"judy@example.com\0en\0password_changed".to_vec();
    let urgent = Job {
        id: JobId::new(SequentialIds::new().next(now + LEASE)),
        owner: None,
        kind: JobKind::URGENT_MAIL,
        label: "reset_password".to_owned(),
        payload: Sealed::new(payload),
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: now + LEASE,
        created_at: now + LEASE,
        error: None,
    };
    let mut unit = world.store.begin(Access::Write).await.expect("a unit of work");
    unit.jobs().insert(&urgent).await.expect("it is inserted");
    unit.commit().await.expect("the commit succeeds");
    world.accounts.sign_up(sign_up("kim"), &Device::default()).await.expect("they sign up");
    let next = async || {
        assert_eq!(world.run_next().await.expect("mail is sent"), 1);
        world.mail.take().into_iter().map(|mail| mail.to.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(next().await, ["ivan@example.com"], "the urgent one is not due");
    world.mail.fail_temporarily(1);
    world.clock.advance(LEASE);
    assert!(next().await.is_empty(), "it fails");
    world.clock.advance(LEASE);
    assert_eq!(next().await, ["judy@example.com"]);
    assert_eq!(next().await, ["kim@example.com"]);
}

#[tokio::test]
async fn notices_to_an_address_that_is_not_verified_are_limited() {
    let (world, device) = (world().await, Device::default());
    let send = async |number: usize| {
        for _ in 0..number {
            let created = world.api_keys.create(&world.principal, new_key(), &device, None).await;
            let (key, _) = created.expect("a key");
            world.api_keys.remove(world.alice, key.id, &device).await.expect("it is removed");
        }
        while world.run_next().await.expect("mail is sent") > 0 {}
        let sent = world.mail.take();
        sent.iter().filter(|mail| mail.subject == "api_key_created").count()
    };
    // The first one was about the key that she has.
    assert_eq!((send(8).await, send(8).await), (8, 1));
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(send(11).await, 10);
    let verified = world.accounts.verify_email(&world.verification, Some(&world.principal), &device).await;
    verified.expect("the address is verified");
    assert_eq!(send(11).await, 11);
    // Another address of the same account.
    let email = Some(Email::new("mallory@example.com").expect("an address"));
    let current_password = Some(PASSWORD.to_owned());
    let change = ProfileChange { email, current_password, ..ProfileChange::default() };
    world.accounts.change_profile(&world.principal, change, &device).await.expect("the address is changed");
    assert_eq!(send(11).await, 10);
}
