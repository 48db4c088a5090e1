//! Writers that share a transaction.

use std::{sync::Arc, time::Duration};

use memo_domain::{Access, MemoId, Store};
use uuid::Uuid;

use crate::{add_memo, add_user, memo, support::Fresh, user};

async fn is_kept(store: &dyn Store, n: u128) -> bool {
    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    uow.memos().lookup(MemoId::new(Uuid::from_u128(n))).await.expect("the memo is looked up").is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_takes_no_other_with_it() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    add_memo(&*fresh.store, 1).await;
    let tasks: Vec<_> = (100..200)
        .map(|n| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move {
                let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
                uow.memos().insert(&memo(n)).await.expect("the memo is added");
                match n % 3 {
                    0 => drop(uow),
                    // The id is taken: the unit of work fails after it has written something.
                    1 => drop(uow.memos().insert(&memo(1)).await.expect_err("a conflict")),
                    _ => uow.commit().await.expect("it commits"),
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task panics");
    }
    for n in 100..200 {
        assert_eq!(is_kept(&*fresh.store, n).await, n % 3 == 2, "memo {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_gives_up_waiting_keeps_nobody_waiting() {
    let fresh = Fresh::new().await;
    let mut first = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
    first.users().insert(&user(1)).await.expect("the member is added");
    for _ in 0..20 {
        let store = Arc::clone(&fresh.store);
        let waits = tokio::spawn(async move { store.begin(Access::Write).await.map(drop) });
        tokio::task::yield_now().await;
        waits.abort();
    }
    let commit = tokio::time::timeout(Duration::from_secs(10), first.commit());
    commit.await.expect("it does not wait for those who have gone").expect("it commits");
    add_user(&*fresh.store, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_on_the_disk() {
    let mut fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move { add_memo(&*store, n + 1).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task panics");
    }
    fresh.reopen().await;
    for n in 0..64 {
        assert!(is_kept(&*fresh.store, n + 1).await, "memo {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_goes_away_while_it_begins_takes_no_other_with_it() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    for round in 0..200 {
        let adds = |n| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move { add_memo(&*store, n).await })
        };
        let first = adds(round * 10 + 1);
        let goes: Vec<_> = (0..4)
            .map(|n| {
                let store = Arc::clone(&fresh.store);
                tokio::spawn(async move {
                    // Polled some times, and then dropped wherever it is.
                    let mut begins = std::pin::pin!(store.begin(Access::Write));
                    for _ in 0..(round + n) % 7 {
                        let polled =
                            std::future::poll_fn(|context| std::task::Poll::Ready(begins.as_mut().poll(context)));
                        if polled.await.is_ready() {
                            return;
                        }
                        tokio::time::sleep(Duration::from_micros(20)).await;
                    }
                })
            })
            .collect();
        let second = adds(round * 10 + 2);
        for task in goes.into_iter().chain([first, second]) {
            task.await.expect("no task panics");
        }
        assert!(is_kept(&*fresh.store, round * 10 + 1).await, "the first of round {round}");
        assert!(is_kept(&*fresh.store, round * 10 + 2).await, "the second of round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_keep_nothing_keep_nobody_waiting() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let idlers: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (Arc::clone(&fresh.store), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    drop(store.begin(Access::Write).await.expect("a unit of work begins"));
                }
            })
        })
        .collect();
    for n in 0..20 {
        let add = tokio::time::timeout(Duration::from_secs(10), add_memo(&*fresh.store, n + 1));
        add.await.expect("it is not kept waiting");
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    for idler in idlers {
        idler.await.expect("no task panics");
    }
}
