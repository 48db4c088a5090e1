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
