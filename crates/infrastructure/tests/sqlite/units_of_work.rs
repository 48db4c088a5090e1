use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use memo_domain::{Access, Memo, MemoFilter, MemoRepository, Store, StoreError, Tag};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use sea_orm::{ConnectionTrait, Database, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::{
    add_memo, add_user, memo,
    support::{Fresh, options},
    user,
};

/// Polls a future at most `polls` times and drops it. Returns whether it completed.
async fn cancelled_after(polls: usize, future: impl Future<Output = ()>) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        let ended = future.as_mut().poll(context).map(|()| true);
        if left == 0 && ended.is_pending() { Poll::Ready(false) } else { ended }
    })
    .await
}

#[tokio::test]
async fn a_dropped_writer_releases_its_turn_at_once() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let start = Instant::now();
    for n in 0..50 {
        let mut uow = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
        uow.memos().insert(&memo(n), &memo(n).search_text()).await.expect("the memo is added");
        drop(uow);
    }
    add_memo(&*fresh.store, 0).await;
    assert!(start.elapsed() < StoreOptions::new("").acquire_timeout, "no writer waited for a dropped one");
}

#[tokio::test]
async fn a_failed_writer_releases_its_turn_at_once() {
    let fresh = Fresh::new().await;
    for n in 0..10 {
        let mut uow = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
        uow.memos().insert(&memo(n), &memo(n).search_text()).await.expect_err("there is no owner");
    }
    add_user(&*fresh.store, 0).await;
}

/// A cancelled request may stop at any await point.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_cancelled_at_any_point_writes_all_or_nothing() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let mut ended = 0;
    for polls in 0..200 {
        let (id, marker) = (polls as u128 + 1_000, polls as u128 + 1);
        ended += usize::from(cancelled_after(polls % 12, add_memo(&*fresh.store, id)).await);
        tokio::time::timeout(Duration::from_secs(5), add_user(&*fresh.store, marker)).await.expect("the store writes");
    }
    assert!(ended > 0, "some of them completed");

    let mut uow = fresh.store.begin(Access::Snapshot).await.expect("a unit of work begins");
    let stored = uow.memos().count(&MemoFilter::of(user(0).id)).await.expect("memos are counted");
    let tags = vec![Tag::new("home").expect("a valid tag"), Tag::new("work").expect("a valid tag")];
    let with_tags = MemoFilter { tags, ..MemoFilter::of(user(0).id) };
    assert_eq!(uow.memos().count(&with_tags).await.expect("memos are counted"), stored);
    assert!(stored >= ended as u64, "completed commits are stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_cancelled_at_any_point_leaves_the_store_usable() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    for n in 0..20 {
        add_memo(&*fresh.store, n).await;
    }
    let read = async |access| {
        let mut uow = fresh.store.begin(access).await.expect("a unit of work begins");
        for _ in 0..3 {
            assert_eq!(list(uow.memos()).await.len(), 20);
        }
    };
    for polls in 0..100 {
        for access in [Access::Read, Access::Snapshot] {
            cancelled_after(polls % 8, read(access)).await;
        }
    }
    // More readers than connections, so that each connection is used.
    tokio::join!(read(Access::Snapshot), read(Access::Snapshot), read(Access::Snapshot), read(Access::Snapshot));
    add_memo(&*fresh.store, 20).await;
}

async fn list(memos: &mut dyn MemoRepository) -> Vec<Memo> {
    let filter = MemoFilter::of(user(0).id);
    let page = memos.list(&filter, memo_domain::MemoSort::default(), &memo_domain::PageRequest::default()).await;
    page.expect("memos are listed").items.into_iter().map(|view| view.memo).collect()
}

#[tokio::test]
async fn writing_in_a_read_only_unit_of_work_fails() {
    let fresh = Fresh::new().await;
    for access in [Access::Read, Access::Snapshot] {
        let mut uow = fresh.store.begin(access).await.expect("a unit of work begins");
        let result = uow.users().insert(&user(0)).await;
        assert!(matches!(result, Err(StoreError::Other { .. })), "{result:?}");
    }
}

/// Looks up a user in a writing unit of work.
async fn lookup_for_writing(store: &SeaOrmStore) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.users().lookup(user(0).id).await.map(drop)
}

#[tokio::test]
async fn a_writer_fails_after_the_time_limit_if_another_one_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let limit = Duration::from_millis(300);
    let store = SeaOrmStore::open(StoreOptions { acquire_timeout: limit, ..options(&folder) });
    let store = store.await.expect("the store opens");
    store.migrate_up().await.expect("the schema is created");

    // Another unit of work.
    let mut writer = store.begin(Access::Write).await.expect("a unit of work begins");
    writer.users().insert(&user(1)).await.expect("the user is added");
    let result = lookup_for_writing(&store).await;
    assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
    drop(writer);
    add_user(&store, 0).await;

    // Another process.
    let other = Database::connect(options(&folder).url).await.expect("a connection");
    let immediate = Some(SqliteTransactionMode::Immediate);
    let transaction = other
        .begin_with_options(TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() })
        .await
        .expect("it has the lock");
    let result = lookup_for_writing(&store).await;
    assert!(matches!(result, Err(StoreError::Contention { .. })), "{result:?}");
    transaction.execute_unprepared("DELETE FROM users").await.expect("it writes");
    transaction.commit().await.expect("it commits");
    add_user(&store, 0).await;
}
