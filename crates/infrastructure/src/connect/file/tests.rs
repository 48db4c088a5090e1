//! Tests of what only statements of their own can show. Others are in `tests/sqlite`.

use std::{future::poll_fn, pin::pin, task::Poll};

use memo_domain::{
    Access, Content, DisplayName, Email, Locale, Memo, MemoId, MemoState, PasswordHash, SearchQuery, Store, StoreError,
    Timestamp, Title, User, UserId, Version,
};
use sea_orm::{DbBackend, Statement, prelude::Uuid};
use tempfile::TempDir;
use tokio::{
    task::yield_now,
    time::{Duration, timeout},
};

use super::{
    Connection, Set,
    backlog::{Backlog, IndexUpdate},
    query,
};
use crate::{
    SeaOrmStore, StoreOptions,
    connect::{Cost, Session},
    dialect,
    error::file_search_error,
    grams::GramQuery,
    unit_of_work::Count,
};

const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_123_456);
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

fn sql(text: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, text)
}

fn options(folder: &TempDir) -> StoreOptions {
    StoreOptions::new(format!("sqlite://{}/memo.db", folder.path().display()))
}

/// A store with user 0.
async fn store() -> (SeaOrmStore, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SeaOrmStore::open(options(&folder)).await.expect("the store opens");
    store.migrate_up().await.expect("the schema is created");
    let mut unit = store.begin(Access::Write).await.expect("a unit of work");
    unit.users().insert(&user(0)).await.expect("a user");
    unit.commit().await.expect("it is committed");
    (store, folder)
}

fn user(n: u128) -> User {
    User::sign_up(
        UserId::new(Uuid::from_u128(n)),
        Email::new(format!("user{n}@example.com")).expect("a valid address"),
        DisplayName::new("A user").expect("a valid name"),
        PasswordHash::new(String::new()),
        Locale::En,
        NOW,
    )
}

fn memo(n: u128) -> Memo {
    let title = Title::new("needle").expect("a valid title");
    Memo::create(MemoId::new(Uuid::from_u128(n)), user(0).id, MemoState::new(title, Content::default()), NOW)
}

async fn session(store: &SeaOrmStore, access: Access) -> Session {
    store.database.begin(access, None).await.expect("a session begins")
}

/// Counts the memos of user 0 in the index.
async fn indexed(store: &SeaOrmStore) -> i64 {
    let search = SearchQuery::parse("needle").expect("a valid query").expect("a query with terms");
    let count = dialect::count_found(DbBackend::Sqlite, Some(user(0).id), &GramQuery::new(&search), 9);
    let found = session(store, Access::Read).await.find_one::<Count>(count, Cost::Search).await;
    found.expect("the index is read").expect("a row").count
}

/// Runs two units of work in one transaction, in this order: both wait for the turn of another one.
async fn run_together<A, B>(
    store: &SeaOrmStore,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let mut before = store.begin(Access::Write).await.expect("a unit of work");
    before.users().lookup(user(0).id).await.expect("it has its turn");
    let commit = async {
        for _ in 0..10 {
            yield_now().await;
        }
        // In the same transaction: if another one loses it, so does this one.
        before.commit().await
    };
    let (first, second, _) = tokio::join!(first, second, commit);
    (first, second)
}

async fn insert(store: &SeaOrmStore, n: u128) -> Result<(), StoreError> {
    let mut unit = store.begin(Access::Write).await?;
    unit.memos().insert(&memo(n), &memo(n).search_text()).await?;
    unit.commit().await
}

#[tokio::test]
async fn a_statement_is_interrupted_after_the_limit_or_with_its_caller_and_its_connection_stays_usable() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("memo.db");
    std::fs::write(&path, "").expect("a file");
    let open = || Connection::open(&path, &options(&folder), "").expect("it opens");
    let connection = open();
    for _ in 0..2 {
        connection.limit(Some(Duration::from_millis(20)));
        let error = connection.query::<()>(&sql(ENDLESS)).expect_err("it never ends");
        assert!(matches!(file_search_error(error), StoreError::Timeout { .. }));
        connection.limit(Some(Duration::from_secs(9)));
        connection.query::<()>(&sql("SELECT 1")).expect("the next one runs");
    }
    let readers = Set::new(vec![open()], Duration::from_secs(5));
    for cost in [Cost::Small, Cost::Large, Cost::Search] {
        let reader = readers.borrow(None).await.expect("a reader");
        let cancelled = timeout(Duration::from_millis(1), query::<()>(reader, sql(ENDLESS), cost)).await;
        assert!(cancelled.is_err(), "{cost:?}");
        let reader = readers.borrow(None).await.expect("the reader is back");
        let (_, rows) = query::<()>(reader, sql("SELECT 1"), cost).await.expect("it runs");
        assert_eq!(rows.expect("a row").len(), 1);
    }
    assert_eq!(readers.close().await.len(), 1);
}

#[tokio::test]
async fn a_memo_removed_in_the_transaction_of_its_insertion_leaves_nothing_in_the_index() {
    let (store, _folder) = store().await;
    let remove = async {
        let mut unit = store.begin(Access::Write).await?;
        unit.memos().remove(memo(1).id, Version::FIRST).await?;
        unit.commit().await
    };
    let (inserted, removed) = run_together(&store, insert(&store, 1), remove).await;
    inserted.expect("it is inserted");
    removed.expect("it is removed");
    assert_eq!(indexed(&store).await, 0);
}

#[tokio::test]
async fn searches_wait_for_a_transaction_whose_commit_others_may_see() {
    let (store, folder) = store().await;
    insert(&store, 1).await.expect("it is inserted");
    store.close().await;
    let path = folder.path().join("memo.db");
    let connection = Connection::open(&path, &options(&folder), "").expect("it opens");
    for is_committed in [true, false] {
        let (mut backlog, indexed) = Backlog::new();
        connection.begin().expect("it begins");
        let update = IndexUpdate { memo: memo(1).id.as_uuid(), statements: Vec::new() };
        backlog.add(&connection, vec![update]).expect("it is added");
        assert!(indexed.is_complete());
        backlog.commit(&connection).expect("it is committed");
        assert!(!indexed.is_complete());
        let mut complete = pin!(indexed.complete(Duration::from_secs(9)));
        let mut poll = async || poll_fn(|context| Poll::Ready(complete.as_mut().poll(context).is_ready())).await;
        assert!(!poll().await);
        if is_committed {
            backlog.committed();
        } else {
            backlog.rolled_back();
        }
        assert_eq!((poll().await, indexed.is_complete()), (!is_committed, !is_committed));
        if is_committed {
            backlog.run_part(&connection).expect("it runs");
            assert_eq!((poll().await, indexed.is_complete()), (true, true));
        }
    }
}

#[tokio::test]
async fn a_dropped_search_takes_nothing_from_the_index() {
    let (store, _folder) = store().await;
    let search = async {
        let mut session = session(&store, Access::Write).await;
        session.find_one::<()>(sql("SELECT 1"), Cost::Search).await.expect("it searches");
    };
    let (inserted, ()) = run_together(&store, insert(&store, 1), search).await;
    inserted.expect("it is inserted");
    assert_eq!(indexed(&store).await, 1);
}

#[tokio::test]
async fn units_of_work_that_sqlite_rolls_back_with_another_one_may_run_again() {
    let (store, _folder) = store().await;
    let lose = async {
        let mut session = session(&store, Access::Write).await;
        let twice = sql("INSERT OR ROLLBACK INTO users SELECT * FROM users");
        let error = session.execute(twice, Cost::Small).await.expect_err("the id is taken");
        assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
        let delete = session.execute(sql("DELETE FROM users"), Cost::Small).await;
        assert!(matches!(delete, Err(StoreError::Contention { .. })), "nothing runs outside a transaction: {delete:?}");
    };
    let (inserted, ()) = run_together(&store, insert(&store, 1), lose).await;
    assert!(matches!(inserted, Err(StoreError::Contention { .. })), "{inserted:?}");
    insert(&store, 1).await.expect("it runs again");
    assert_eq!(indexed(&store).await, 1);
}

#[tokio::test]
async fn a_failed_commit_fails_all_units_of_work_in_its_transaction() {
    let (store, _folder) = store().await;
    let add_user = async {
        let mut unit = store.begin(Access::Write).await?;
        unit.users().insert(&user(1)).await?;
        unit.commit().await
    };
    let mut breaking = session(&store, Access::Write).await;
    breaking.execute(sql("ALTER TABLE memo_grams RENAME TO moved"), Cost::Small).await.expect("the index is gone");
    breaking.commit().await.expect("it is committed");
    let (inserted, added) = run_together(&store, insert(&store, 1), add_user).await;
    assert!(inserted.is_err() && added.is_err(), "{inserted:?} {added:?}");

    let mut repairing = session(&store, Access::Write).await;
    repairing.execute(sql("ALTER TABLE moved RENAME TO memo_grams"), Cost::Small).await.expect("the index is back");
    repairing.commit().await.expect("it is committed");
    let mut unit = store.begin(Access::Read).await.expect("a unit of work");
    assert_eq!(unit.users().lookup(user(1).id).await.expect("users are read"), None);
    assert_eq!(unit.memos().lookup(memo(1).id).await.expect("memos are read"), None);
    insert(&store, 1).await.expect("the next one is committed");
}
