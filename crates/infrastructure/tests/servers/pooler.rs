//! Stores behind a pooler in transaction mode: as the store sees it, over any server, and behind the `PgBouncer` of
//! `MEMO_TEST_PGBOUNCER_URL`, which must forward to the PostgreSQL server of the other tests, for any name of a database.

use std::{env, sync::Arc, thread};

use async_trait::async_trait;
use memo_conformance::TestStore;
use memo_domain::{Access, Conflict, Email, MemoFilter, SearchQuery, Store, StoreError};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::{Server, TestDatabase};
use sea_orm::{ConnectionTrait, Database};
use tokio::runtime::Builder;

use crate::{Remote, TIME_LIMIT, add_memo, add_user, find_user, name_of, on_servers, succeeds_soon, user};

mod conformance {
    memo_conformance::conformance_tests!(crate::pooler::pgbouncer);
}

on_servers! {
    every_access_works_without_the_state_of_a_session
    the_time_limits_of_transactions_hold
}

/// A store that takes the server for a pooler.
async fn pooled(server: Server) -> Option<(SeaOrmStore, Remote)> {
    let remote = Remote::new(server, 1).await?;
    let options = StoreOptions {
        pooler: true,
        max_connections: Some(2),
        statement_timeout: TIME_LIMIT,
        ..StoreOptions::new(remote.database.url())
    };
    Some((SeaOrmStore::open(options).await.expect("the store opens"), remote))
}

async fn every_access_works_without_the_state_of_a_session(server: Server) {
    let Some((store, _remote)) = pooled(server).await else { return };
    store.check().await.expect("the schema is up to date");
    for n in 0..3 {
        add_user(&store, n).await.expect("it writes");
        // The connection is usable after an error, in and outside a transaction.
        let twice = add_user(&store, n).await;
        assert!(matches!(twice, Err(StoreError::Conflict { what: Conflict::Id })), "{twice:?}");
        for access in [Access::Read, Access::Snapshot, Access::Write] {
            assert!(succeeds_soon("a read", find_user(&store, access, n)).await);
        }
    }
    add_memo(&store, 0).await.expect("it writes");
    let mut uow = store.begin_for(Access::Read, Some(user(0).id)).await.expect("it begins");
    let search = SearchQuery::parse("emo content").expect("a valid query");
    let filter = MemoFilter { search, ..MemoFilter::of(user(0).id) };
    assert_eq!(uow.memos().count(&filter).await.expect("it counts"), 1);
    let email = Email::new("user2@example.com").expect("a valid address");
    assert_eq!(uow.users().find_by_email(&email).await.expect("it reads").map(|user| user.id), Some(user(2).id));
    // A reader sees what is committed meanwhile.
    add_memo(&store, 1).await.expect("it writes");
    assert_eq!(uow.memos().count(&filter).await.expect("it counts"), 2);
    store.close().await;
}

/// The server itself ends a statement that waits for a lock.
async fn the_time_limits_of_transactions_hold(server: Server) {
    let Some((store, _remote)) = pooled(server).await else { return };
    add_user(&store, 0).await.expect("it works");
    let mut holding = store.begin(Access::Write).await.expect("it begins");
    holding.users().lookup(user(0).id).await.expect("it locks");
    let mut waiting = store.begin(Access::Write).await.expect("it begins");
    let waited = succeeds_soon("the wait", async { Ok(waiting.users().lookup(user(0).id).await.map(drop)) }).await;
    let Err(StoreError::Unavailable { source } | StoreError::Contention { source }) = waited else {
        panic!("{waited:?}")
    };
    assert!(source.to_string().contains("returned from database"), "{source}");
}

/// A database of its own, reached through `PgBouncer`: it rejects the parameter by which other tests select a schema.
struct BehindPgBouncer {
    store: Arc<SeaOrmStore>,
    url: String,
    /// The name of the database is that of its schema.
    place: TestDatabase,
}

async fn pgbouncer() -> Option<Box<dyn TestStore>> {
    let url = env::var("MEMO_TEST_PGBOUNCER_URL").ok().filter(|url| !url.is_empty())?;
    let place = Server::Postgres.database().await.expect("PgBouncer is in front of it");
    let name = name_of(&place.url());
    run(&place, format!("CREATE DATABASE {name}")).await;
    let (server, _) = url.rsplit_once('/').expect("a URL with a database");
    let url = format!("{server}/{name}");
    let store = open(&url).await;
    store.migrate_up().await.expect("the schema is created");
    Some(Box::new(BehindPgBouncer { store, url, place }))
}

async fn open(url: &str) -> Arc<SeaOrmStore> {
    let options = StoreOptions { pooler: true, max_connections: Some(5), ..StoreOptions::new(url) };
    Arc::new(SeaOrmStore::open(options).await.expect("the store opens"))
}

async fn run(place: &TestDatabase, statement: String) {
    let connection = Database::connect(place.url()).await.expect("a connection");
    connection.execute_unprepared(&statement).await.expect("it runs");
    connection.close().await.expect("it closes");
}

#[async_trait]
impl TestStore for BehindPgBouncer {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    async fn reopen(&mut self) -> Option<Arc<dyn Store>> {
        self.store.close().await;
        self.store = open(&self.url).await;
        Some(self.store())
    }
}

impl Drop for BehindPgBouncer {
    fn drop(&mut self) {
        let removal = format!("DROP DATABASE {} WITH (FORCE)", name_of(&self.place.url()));
        let place = &self.place;
        // The runtime of the test waits for this thread.
        thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(run(place, removal));
            });
        });
    }
}
