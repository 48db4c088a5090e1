//! Group commit: units of work that share a transaction.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use memo_conformance::pause;
use memo_domain::{
    Access, ChangeKind, Conflict, Content, Limit, Memo, MemoFilter, MemoId, MemoSort, NewChange, PageRequest,
    PageStart, SearchQuery, Store, StoreError, UnitOfWork,
};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use sea_orm::{Database, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    NOW, add_memo, add_user, memo,
    support::{Fresh, options},
    user,
};

async fn is_stored(store: &dyn Store, n: u128) -> bool {
    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    uow.memos().lookup(MemoId::new(Uuid::from_u128(n))).await.expect("the memo is looked up").is_some()
}

/// Begins a unit of work, runs its first statement, which waits for its turn, and drops it.
async fn take_turn(store: &dyn Store) {
    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
    uow.users().lookup(user(0).id).await.expect("the user is looked up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_unit_of_work_does_not_affect_others() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    add_memo(&*fresh.store, 1).await;
    let tasks: Vec<_> = (100..200)
        .map(|n| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move {
                let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
                uow.memos().insert(&memo(n), &memo(n).search_text()).await.expect("the memo is added");
                match n % 3 {
                    0 => drop(uow),
                    // The id is taken, so the unit of work fails after a successful write.
                    1 => drop(uow.memos().insert(&memo(1), &memo(1).search_text()).await.expect_err("a conflict")),
                    _ => uow.commit().await.expect("it commits"),
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task panics");
    }
    for n in 100..200 {
        assert_eq!(is_stored(&*fresh.store, n).await, n % 3 == 2, "memo {n}");
    }
}

#[tokio::test]
async fn a_user_waits_for_at_most_one_turn_of_each_other_user() {
    let fresh = Fresh::new().await;
    let mut first = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
    first.users().insert(&user(1)).await.expect("the user is added");
    let turns = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = tokio::task::JoinSet::new();
    for owner in [0; 40].into_iter().chain([1, 2]) {
        let (store, turns) = (Arc::clone(&fresh.store), Arc::clone(&turns));
        waiting.spawn(async move {
            let uow = store.begin_for(Access::Write, Some(user(owner).id)).await;
            let mut uow = uow.expect("a unit of work begins");
            uow.users().lookup(user(0).id).await.expect("the user is looked up");
            turns.lock().expect("no test panics").push(owner);
            uow.commit().await.expect("it commits");
        });
    }
    // Every task runs until it waits for its turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    first.commit().await.expect("it commits");
    waiting.join_all().await;
    assert_eq!(turns.lock().expect("no test panics")[..4], [0, 1, 2, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_waiting_writer_does_not_block_a_commit() {
    let fresh = Fresh::new().await;
    let mut first = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
    first.users().insert(&user(1)).await.expect("the user is added");
    for _ in 0..20 {
        let store = Arc::clone(&fresh.store);
        let waits = tokio::spawn(async move { take_turn(&*store).await });
        tokio::task::yield_now().await;
        waits.abort();
    }
    let commit = tokio::time::timeout(Duration::from_secs(10), first.commit());
    commit.await.expect("it does not wait for cancelled writers").expect("it commits");
    add_user(&*fresh.store, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_commits_survive_reopening() {
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
        assert!(is_stored(&*fresh.store, n + 1).await, "memo {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_cancelled_while_it_begins_does_not_affect_others() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    for round in 0..200 {
        let adds = |n| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move { add_memo(&*store, n).await })
        };
        let first = adds(round * 10 + 1);
        let cancelled: Vec<_> = (0..4)
            .map(|n| {
                let store = Arc::clone(&fresh.store);
                tokio::spawn(async move {
                    // Dropped at whatever point it is.
                    let limit = Duration::from_millis(u64::try_from((round + n) % 7).expect("a short time"));
                    let _ = timeout(limit, take_turn(&*store)).await;
                })
            })
            .collect();
        let second = adds(round * 10 + 2);
        for task in cancelled.into_iter().chain([first, second]) {
            task.await.expect("no task panics");
        }
        assert!(is_stored(&*fresh.store, round * 10 + 1).await, "the first of round {round}");
        assert!(is_stored(&*fresh.store, round * 10 + 2).await, "the second of round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_without_a_commit_do_not_starve_others() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let idlers: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (Arc::clone(&fresh.store), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    take_turn(&*store).await;
                }
            })
        })
        .collect();
    for n in 0..20 {
        let add = tokio::time::timeout(Duration::from_secs(10), add_memo(&*fresh.store, n + 1));
        add.await.expect("it gets its turn");
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    for idler in idlers {
        idler.await.expect("no task panics");
    }
}

/// Inserts a memo and its entry in the change feed.
async fn insert(uow: &mut dyn UnitOfWork, n: u128) {
    let memo = memo(n);
    uow.memos().insert(&memo, &memo.search_text()).await.expect("the memo is added");
    let change = NewChange::of(&memo, ChangeKind::Created, NOW);
    uow.changes().append(memo.owner_id, &[change]).await.expect("the change is appended");
}

/// Counts the memos that a full-text search finds, and the entries of the change feed.
async fn found(uow: &mut dyn UnitOfWork) -> (usize, usize) {
    let search = SearchQuery::parse("xx").expect("a valid query");
    let filter = MemoFilter { search, ..MemoFilter::of(user(0).id) };
    let limit = Limit::new(100).expect("a limit");
    let page = PageRequest { limit, start: PageStart::Offset(0) };
    let memos = uow.memos().list(&filter, MemoSort::default(), &page).await.expect("the memos are listed").items.len();
    (memos, uow.changes().list(user(0).id, 0, limit).await.expect("the changes are listed").len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_fails_only_its_own_unit_of_work_in_a_transaction() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    // The ids from 1 to 40 are inserted twice.
    let add = async |store: Arc<SeaOrmStore>, n| {
        let mut uow = store.begin(Access::Write).await?;
        uow.memos().insert(&memo(n), &memo(n).search_text()).await?;
        uow.changes().append(user(0).id, &[NewChange::of(&memo(n), ChangeKind::Created, NOW)]).await?;
        uow.commit().await
    };
    let tasks: Vec<_> = (1..=60).chain(1..=40).map(|n| tokio::spawn(add(Arc::clone(&fresh.store), n))).collect();
    let mut committed = 0;
    for task in tasks {
        match task.await.expect("no task panics") {
            Ok(()) => committed += 1,
            Err(error) => assert!(matches!(error, StoreError::Conflict { what: Conflict::Id }), "{error:?}"),
        }
    }
    assert_eq!(committed, 60);
    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    assert_eq!(found(&mut *uow).await, (60, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_unit_of_work_that_begins_while_a_transaction_ends_is_committed() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move {
                for n in 0..250 {
                    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
                    uow.memos()
                        .insert(&small_memo(task * 1_000 + n + 1), &small_memo(task * 1_000 + n + 1).search_text())
                        .await
                        .expect("the memo is added");
                    uow.commit().await.expect("it commits");
                }
            })
        })
        .collect();
    for task in tasks {
        tokio::time::timeout(Duration::from_mins(1), task).await.expect("every unit of work ends").expect("no panic");
    }
}

fn small_memo(n: u128) -> Memo {
    let mut memo = memo(n);
    memo.state.content = Content::default();
    memo
}

/// Holds the write lock of the file, as another process might.
async fn hold(url: &str) -> DatabaseTransaction {
    let other = Database::connect(url).await.expect("a connection");
    let immediate = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() };
    other.begin_with_options(options).await.expect("it has the lock")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_writers_fail_together_if_the_file_stays_locked() {
    let folder = tempfile::tempdir().expect("a folder");
    let limit = Duration::from_millis(500);
    let options = StoreOptions { acquire_timeout: limit, ..options(&folder) };
    let url = options.url.clone();
    let store = Arc::new(SeaOrmStore::open(options).await.expect("the store opens"));
    store.migrate_up().await.expect("the schema is created");
    add_user(&*store, 0).await;
    let held = hold(&url).await;
    let began = std::time::Instant::now();
    let mut tasks = Vec::new();
    for n in 1..=20 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let mut uow = store.begin(Access::Write).await?;
            uow.memos().insert(&memo(n), &memo(n).search_text()).await?;
            uow.commit().await
        }));
        pause(Duration::from_millis(5)).await;
    }
    for task in tasks {
        let result = task.await.expect("no task panics");
        // The file is locked, or the writer before waits for its lock.
        let is_expected = matches!(result, Err(StoreError::Contention { .. } | StoreError::Unavailable { .. }));
        assert!(is_expected, "{result:?}");
    }
    // If each waited for the one before, this would take twenty times the limit.
    assert!(began.elapsed() < limit * 8, "{:?}", began.elapsed());
    drop(held);
}

#[tokio::test]
async fn a_writer_that_waits_for_another_process_leaves_its_thread_to_others() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let held = hold(&options(&fresh.folder).url).await;
    let release = async {
        assert!(!is_stored(&*fresh.store, 1).await);
        held.rollback().await.expect("it releases the lock");
    };
    tokio::join!(add_memo(&*fresh.store, 1), release);
    assert!(is_stored(&*fresh.store, 1).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_of_work_finds_its_own_writes_in_the_index() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let mut expected = 0;
    for n in [1, 2, 3] {
        let mut uow = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
        insert(&mut *uow, n * 10).await;
        assert_eq!(found(&mut *uow).await, (expected + 1, expected + 1));
        insert(&mut *uow, n * 10 + 1).await;
        // The second unit of work is dropped: it leaves nothing, although it has read its own writes.
        if n == 2 {
            drop(uow);
        } else {
            uow.commit().await.expect("it commits");
            expected += 2;
        }
    }
    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    assert_eq!(found(&mut *uow).await, (expected, expected));
}
