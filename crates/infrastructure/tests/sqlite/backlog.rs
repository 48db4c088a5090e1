//! Long texts that are indexed after their transaction.

use std::fs;

use futures_util::future::join_all;
use memo_conformance::eventually;
use memo_domain::{
    Access, Content, Limit, Memo, MemoFilter, MemoId, MemoSort, PageRequest, PageStart, SearchQuery, Store, StoreError,
    UnitOfWork, Version,
};
use memo_infrastructure::SeaOrmStore;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{task::yield_now, time::Duration, time::timeout};
use uuid::Uuid;

use crate::{
    add_user, memo,
    support::{Fresh, options},
    user,
};

/// The memos of a batch whose updates for searches take several parts.
const BATCH: u128 = 100;

fn id(n: u128) -> MemoId {
    MemoId::new(Uuid::from_u128(n))
}

fn long(n: u128, word: &str) -> Memo {
    let mut memo = memo(n);
    memo.state.content = Content::new(format!("{word} ").repeat(30_000 / word.len())).expect("valid content");
    memo
}

async fn begin(store: &SeaOrmStore, access: Access) -> Box<dyn UnitOfWork> {
    store.begin_for(access, Some(user(0).id)).await.expect("a unit of work begins")
}

async fn insert(store: &SeaOrmStore) {
    insert_after(0, store).await;
}

async fn insert_after(last: u128, store: &SeaOrmStore) {
    let mut unit = begin(store, Access::Write).await;
    for n in last + 1..=last + BATCH {
        let memo = long(n, if last == 0 { "needle" } else { "another" });
        unit.memos().insert(&memo, &memo.search_text()).await.expect("a memo is added");
    }
    unit.commit().await.expect("it commits");
}

async fn change(store: &SeaOrmStore) {
    change_from(store, |_| Version::FIRST).await;
}

async fn change_from(store: &SeaOrmStore, version: impl Fn(u128) -> Version) {
    let mut unit = begin(store, Access::Write).await;
    for n in 1..=BATCH {
        let from = version(n);
        let memo = Memo { version: from.next(), ..long(n, "thread") };
        unit.memos().update(&memo, from, Some(&memo.search_text())).await.expect("a memo is changed");
    }
    unit.commit().await.expect("it commits");
}

/// Changes one memo to a short text.
async fn shorten(unit: &mut dyn UnitOfWork, n: u128) {
    let mut small = memo(n);
    small.version = Version::FIRST.next();
    small.state.content = Content::new("small").expect("valid content");
    unit.memos().update(&small, Version::FIRST, Some(&small.search_text())).await.expect("the memo is changed");
}

async fn count(unit: &mut dyn UnitOfWork, word: &str) -> Result<usize, StoreError> {
    let search = SearchQuery::parse(word).expect("a valid query");
    let filter = MemoFilter { search, ..MemoFilter::of(user(0).id) };
    let limit = Limit::new(100).expect("a limit");
    let page = PageRequest { limit, start: PageStart::Offset(0) };
    Ok(unit.memos().list(&filter, MemoSort::default(), &page).await?.items.len())
}

async fn found(store: &SeaOrmStore, word: &str) -> usize {
    count(&mut *begin(store, Access::Read).await, word).await.expect("a search")
}

/// The number of memos that wait to be indexed, as another process sees it.
fn waiting(folder: &TempDir) -> i64 {
    let file = Connection::open(folder.path().join("memo.db")).expect("the file opens");
    file.query_row("SELECT COUNT(*) FROM index_backlog", (), |row| row.get(0)).expect("a count")
}

/// Writes a batch while another unit of work waits for its turn, and returns that one in its turn: until it ends, nothing is
/// indexed.
async fn stopped(fresh: &Fresh, write: impl AsyncFnOnce(&SeaOrmStore)) -> Box<dyn UnitOfWork> {
    let in_turn = async || {
        let mut unit = begin(&fresh.store, Access::Write).await;
        unit.users().lookup(user(0).id).await.expect("it has its turn");
        unit
    };
    let before = in_turn().await;
    let end = async {
        // Until the others wait.
        for _ in 0..10 {
            yield_now().await;
        }
        before.commit().await.expect("it commits");
    };
    let ((), unit, ()) = tokio::join!(write(&fresh.store), in_turn(), end);
    assert!(waiting(&fresh.folder) > 80, "most of the batch waits");
    unit
}

async fn fresh() -> Fresh {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    fresh
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_waits_for_all_that_was_committed_before_it() {
    let fresh = fresh().await;
    let unit = stopped(&fresh, insert).await;
    let search = found(&fresh.store, "needle");
    tokio::pin!(search);
    timeout(Duration::from_millis(50), &mut search).await.expect_err("it waits");
    let mut snapshot = begin(&fresh.store, Access::Snapshot).await;
    let early = count(&mut *snapshot, "needle").await;
    assert!(matches!(early, Err(StoreError::Contention { .. })), "a snapshot sees no later index: {early:?}");
    drop((unit, snapshot));
    assert_eq!(search.await, 100);
    assert_eq!(waiting(&fresh.folder), 0);
    let mut snapshot = begin(&fresh.store, Access::Snapshot).await;
    assert_eq!(count(&mut *snapshot, "needle").await.expect("a search"), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_has_left_is_indexed_when_the_file_is_opened() {
    let fresh = fresh().await;
    for (is_new, expected) in [(true, [100, 0]), (false, [0, 100])] {
        let unit = if is_new { stopped(&fresh, insert).await } else { stopped(&fresh, change).await };
        // The file as a kill would leave it.
        let copy = tempfile::tempdir().expect("a folder");
        for name in ["memo.db", "memo.db-wal"] {
            fs::copy(fresh.folder.path().join(name), copy.path().join(name)).expect("it is copied");
        }
        assert!(waiting(&copy) > 80);
        let reopened = SeaOrmStore::open(options(&copy)).await.expect("the store opens");
        assert_eq!(waiting(&copy), 0);
        assert_eq!([found(&reopened, "needle").await, found(&reopened, "thread").await], expected);
        drop(unit);
        found(&fresh.store, "needle").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_removals_of_memos_that_wait_are_not_undone() {
    let fresh = fresh().await;
    let mut unit = stopped(&fresh, insert).await;
    shorten(&mut *unit, 28).await;
    unit.commit().await.expect("it commits");
    let mut unit = begin(&fresh.store, Access::Write).await;
    unit.memos().remove(id(29), Version::FIRST).await.expect("the memo is removed");
    unit.commit().await.expect("it commits");
    assert_eq!([found(&fresh.store, "needle").await, found(&fresh.store, "small").await], [98, 1]);
    eventually("all are indexed", async || (waiting(&fresh.folder) == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_indexed_after_an_earlier_change_in_the_same_transaction() {
    let fresh = fresh().await;
    insert(&fresh.store).await;
    assert_eq!(found(&fresh.store, "needle").await, 100);
    let write = async |store: &SeaOrmStore| {
        let earlier = async {
            let mut unit = begin(store, Access::Write).await;
            shorten(&mut *unit, 28).await;
            unit.commit().await.expect("it commits");
        };
        let from = |n| if n == 28 { Version::FIRST.next() } else { Version::FIRST };
        tokio::join!(earlier, change_from(store, from));
    };
    drop(stopped(&fresh, write).await);
    for (word, expected) in [("needle", 0), ("small", 0), ("thread", 100)] {
        assert_eq!(found(&fresh.store, word).await, expected, "{word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_batches_with_the_same_memos_the_later_one_is_found() {
    let fresh = fresh().await;
    let write = async |store: &SeaOrmStore| {
        tokio::join!(insert(store), change(store));
    };
    drop(stopped(&fresh, write).await);
    for (word, expected) in [("needle", 0), ("thread", 100)] {
        assert_eq!(found(&fresh.store, word).await, expected, "{word}");
    }
    assert_eq!(waiting(&fresh.folder), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memo_that_a_batch_creates_and_changes_is_found_by_its_last_texts() {
    let fresh = fresh().await;
    let write = async |store: &SeaOrmStore| {
        let mut unit = begin(store, Access::Write).await;
        for n in 1..=BATCH {
            let memo = long(n, "needle");
            unit.memos().insert(&memo, &memo.search_text()).await.expect("a memo is added");
            shorten(&mut *unit, n).await;
        }
        unit.commit().await.expect("it commits");
    };
    write(&fresh.store).await;
    for (word, expected) in [("needle", 0), ("small", 100)] {
        assert_eq!(found(&fresh.store, word).await, expected, "{word}");
    }
}

/// As the command line or a second server does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_writes_while_memos_are_indexed_and_its_texts_stay() {
    const WRITES: u128 = 10;
    let fresh = fresh().await;
    let other = SeaOrmStore::open(options(&fresh.folder)).await.expect("the file opens again");
    let unit = stopped(&fresh, insert).await;
    // The last ones are indexed first.
    let write = async |n: u128| {
        let mut unit = begin(&other, Access::Write).await;
        shorten(&mut *unit, n + 1).await;
        unit.commit().await.expect("it commits");
    };
    let first = async {
        write(0).await;
        waiting(&fresh.folder)
    };
    let (waiting, committed) = tokio::join!(first, unit.commit());
    committed.expect("it commits");
    assert!(waiting > 0, "it waits only for a part of them");
    for n in 1..WRITES {
        write(n).await;
    }
    for store in [&fresh.store, &other] {
        assert_eq!([found(&fresh.store, "needle").await, found(store, "small").await], [90, 10]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_in_a_unit_of_work_that_writes_finds_what_waits() {
    let fresh = fresh().await;
    let mut unit = stopped(&fresh, insert).await;
    assert_eq!(count(&mut *unit, "needle").await.expect("a search"), 100);
    // Rolled back, with the updates that it has made early.
    drop(unit);
    assert_eq!(found(&fresh.store, "needle").await, 100);
    let mut unit = stopped(&fresh, change).await;
    assert_eq!(count(&mut *unit, "thread").await.expect("a search"), 100);
    unit.commit().await.expect("it commits");
    assert_eq!([found(&fresh.store, "needle").await, found(&fresh.store, "thread").await], [0, 100]);
}

/// So that a client that writes batches does not fill the memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bounded_size_of_texts_waits() {
    const BATCHES: u128 = 8;
    const MAX_SIZE: i64 = 16 << 20;
    // They all wait for their turns, on a busy machine for long.
    let fresh = Fresh::with(|options| options.acquire_timeout = Duration::from_mins(1)).await;
    add_user(&*fresh.store, 0).await;
    let write = async |store: &SeaOrmStore| {
        join_all((0..BATCHES).map(|batch| insert_after(batch * BATCH, store))).await;
    };
    let unit = stopped(&fresh, write).await;
    let size = waiting(&fresh.folder);
    assert!(size <= MAX_SIZE / 30_000, "{size} of {} memos wait", BATCHES * BATCH);
    drop(unit);
    eventually("all are indexed", async || (waiting(&fresh.folder) == 0).then_some(())).await;
    assert_eq!([found(&fresh.store, "needle").await, found(&fresh.store, "another").await], [100, 100]);
}
