use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use super::*;

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Permit<&'static str>, QueueFull>> + Send + 'a>>;

fn semaphore(permits: usize, permits_per_key: usize) -> FairSemaphore<&'static str> {
    FairSemaphore::new(Capacity { permits, permits_per_key, waiting: 6, waiting_per_key: 4 })
}

fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn wait<'a>(semaphore: &'a FairSemaphore<&'static str>, key: &'static str) -> Waiting<'a> {
    let mut waiting: Waiting<'a> = Box::pin(semaphore.acquire(key));
    assert!(poll(waiting.as_mut()).is_none(), "{key} waits");
    waiting
}

fn granted(waiting: &mut Waiting<'_>) -> Option<Permit<&'static str>> {
    poll(waiting.as_mut()).map(|permit| permit.expect("a permit"))
}

#[test]
fn a_key_waits_for_one_turn_of_each_other_key() {
    let semaphore = semaphore(1, 1);
    let held = semaphore.try_acquire(&"a").expect("a permit is free");
    let mut greedy: Vec<_> = (0..3).map(|_| wait(&semaphore, "a")).collect();
    let mut modest = wait(&semaphore, "b");
    drop(held);
    let held = granted(&mut modest).expect("the other key is next");
    drop(held);
    assert!(granted(&mut greedy[0]).is_some());
}

#[test]
fn waiters_of_this_thread_overtake_those_of_another_one_for_a_while() {
    let semaphore = semaphore(1, 1);
    let mut held = semaphore.try_acquire(&"a").expect("a permit is free");
    let elsewhere = thread::scope(|scope| scope.spawn(|| wait(&semaphore, "a")).join());
    let mut elsewhere = elsewhere.expect("it waits");
    for _ in 0..MAX_OVERTAKEN {
        let mut here = wait(&semaphore, "a");
        drop(held);
        assert!(granted(&mut elsewhere).is_none());
        held = granted(&mut here).expect("this thread goes first");
    }
    let mut here = wait(&semaphore, "a");
    drop(held);
    assert!(granted(&mut here).is_none());
    assert!(granted(&mut elsewhere).is_some());
}

#[test]
fn waiters_that_have_gone_leave_no_turn_beyond_the_share() {
    let semaphore = semaphore(4, 2);
    let held = ["b", "b", "c", "c"].map(|key| semaphore.try_acquire(&key).expect("a permit is free"));
    for _ in 0..3 {
        drop(wait(&semaphore, "a"));
    }
    let mut waiting = [(); 4].map(|()| wait(&semaphore, "a"));
    drop(held);
    let permits: Vec<_> = waiting.iter_mut().filter_map(granted).collect();
    assert_eq!(permits.len(), 2);
}

#[test]
fn no_key_holds_more_than_its_share() {
    let semaphore = semaphore(4, 2);
    let (first, _second) = (semaphore.try_acquire(&"a").expect("free"), semaphore.try_acquire(&"a").expect("free"));
    assert!(semaphore.try_acquire(&"a").is_none());
    let mut third = wait(&semaphore, "a");
    let _other = semaphore.try_acquire(&"b").expect("another key has a share of its own");
    assert!(granted(&mut third).is_none());
    drop(first);
    assert!(granted(&mut third).is_some());
}

#[test]
fn the_exempt_key_may_hold_all_permits() {
    let capacity = Capacity { permits: 2, permits_per_key: 1, waiting: 2, waiting_per_key: 2 };
    let semaphore = FairSemaphore::with_exempt(capacity, Some("a"));
    let _held = ["a", "a"].map(|key| semaphore.try_acquire(&key).expect("a permit is free"));
    let other = FairSemaphore::with_exempt(capacity, Some("a"));
    let _held = other.try_acquire(&"b").expect("a permit is free");
    assert!(other.try_acquire(&"b").is_none());
}

#[test]
fn waiting_callers_are_bounded() {
    let semaphore = semaphore(1, 1);
    let _held = semaphore.try_acquire(&"a").expect("a permit is free");
    let refused = |key| poll(pin!(semaphore.acquire(key))).is_some_and(|result| result.is_err());
    let mut waiting: Vec<_> = (0..4).map(|_| wait(&semaphore, "a")).collect();
    assert!(refused("a"), "four of the key wait");
    waiting.extend([wait(&semaphore, "b"), wait(&semaphore, "c")]);
    assert!(refused("d"), "six wait in all");
    waiting.pop();
    assert_eq!(semaphore.waiting(), 5);
    assert!(!refused("d"), "one has gone");
}

#[test]
fn a_permit_that_was_granted_to_a_caller_who_has_gone_is_returned() {
    let semaphore = semaphore(1, 1);
    let held = semaphore.try_acquire(&"a").expect("a permit is free");
    let gone = wait(&semaphore, "b");
    drop(held);
    assert!(semaphore.try_acquire(&"c").is_none(), "it was granted");
    drop(gone);
    drop(semaphore.try_acquire(&"c").expect("it was returned"));
    assert!(semaphore.0.lock().keys.is_empty(), "nothing is kept of a key that holds nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_is_served_and_no_permit_is_lost() {
    let semaphore =
        FairSemaphore::new(Capacity { permits: 3, permits_per_key: 2, waiting: 1_000, waiting_per_key: 1_000 });
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..600_u32 {
        let semaphore = semaphore.clone();
        callers.spawn(async move {
            if caller % 7 == 0 {
                // It gives up after one poll.
                let mut acquire = pin!(semaphore.acquire(caller % 5));
                let _ = std::future::poll_fn(|context| Poll::Ready(acquire.as_mut().poll(context))).await;
            } else {
                let _permit = semaphore.acquire(caller % 5).await.expect("there is room to wait");
                tokio::task::yield_now().await;
            }
        });
    }
    callers.join_all().await;
    let state = semaphore.0.lock();
    assert_eq!((state.free, state.waiting, state.keys.len()), (3, 0, 0));
}
