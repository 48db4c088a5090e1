//! Tests of stores on servers beyond the contract of every store: outages of the server or the network, and migrations.

mod encryption;
mod migrations;
mod outages;
mod pooler;
mod replica;
mod revisions;
mod schema;
mod suitable;
mod unwritable;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use memo_domain::{
    Access, Content, DisplayName, Email, Locale, Memo, MemoId, MemoState, PasswordHash, Store, StoreError, Tag, Tags,
    Timestamp, Title, User, UserId,
};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::{Proxy, Server, TestDatabase};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_123_456);
/// The time limits of these stores for acquiring a connection and for a statement.
const TIME_LIMIT: Duration = Duration::from_millis(500);
/// The time within which every operation succeeds or fails; a busy machine adds to those limits, and without them it waits for longer.
const SOON: Duration = Duration::from_secs(3);

/// Defines a test for each function and server.
macro_rules! on_servers {
    ($($name:ident)*) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(memo_test_databases::Server::Postgres).await;
            })*
        }
        mod mysql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(memo_test_databases::Server::MySql).await;
            })*
        }
    };
}
use on_servers;

/// A store that reaches its server through a proxy, which simulates a failing network.
struct Remote {
    store: SeaOrmStore,
    proxy: Proxy,
    /// Dropped last, since it removes the database.
    database: TestDatabase,
}

impl Remote {
    /// Opens a store on a database without a schema.
    async fn without_schema(server: Server, connections: u32) -> Option<Self> {
        let database = server.database().await?;
        let proxy = Proxy::start(server.address()).await;
        let options = StoreOptions {
            max_connections: Some(connections),
            acquire_timeout: TIME_LIMIT,
            statement_timeout: TIME_LIMIT,
            ..StoreOptions::new(database.url_through(proxy.port()))
        };
        let store = SeaOrmStore::open(options).await.expect("the store opens");
        Some(Self { store, proxy, database })
    }

    async fn new(server: Server, connections: u32) -> Option<Self> {
        let remote = Self::without_schema(server, connections).await?;
        remote.direct().await.migrate_up().await.expect("the schema is created");
        Some(remote)
    }

    /// Opens a store on the same database without the proxy.
    async fn direct(&self) -> SeaOrmStore {
        SeaOrmStore::open(StoreOptions::new(self.database.url())).await.expect("the store opens")
    }
}

/// The name of the database, or of the schema on PostgreSQL, which a user can have, too.
fn name_of(url: &str) -> String {
    let name = url.split("search_path%3D").nth(1).unwrap_or_else(|| url.rsplit('/').next().unwrap_or_default());
    name.split(['%', '?']).next().expect("a name").to_owned()
}

fn texts(error: &StoreError) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn user(n: u128) -> User {
    User::sign_up(
        UserId::new(Uuid::from_u128(n)),
        Email::new(format!("user{n}@example.com")).expect("a valid address"),
        DisplayName::new("A user").expect("a valid name"),
        PasswordHash::new("$2b$".to_owned()),
        Locale::En,
        NOW,
    )
}

fn memo(n: u128) -> Memo {
    let title = Title::new(format!("Memo {n}")).expect("a valid title");
    let content = Content::new("content").expect("valid content");
    let tags = Tags::new([Tag::new("work").expect("a valid tag")]).expect("few tags");
    let state = MemoState { tags, ..MemoState::new(title, content) };
    Memo::create(MemoId::new(Uuid::from_u128(n)), user(0).id, state, NOW)
}

async fn add_user(store: &dyn Store, n: u128) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.users().insert(&user(n)).await?;
    uow.commit().await
}

async fn add_memo(store: &dyn Store, n: u128) -> Result<(), StoreError> {
    let mut uow = store.begin(Access::Write).await?;
    uow.memos().insert(&memo(n), &memo(n).search_text()).await?;
    uow.commit().await
}

async fn find_user(store: &dyn Store, access: Access, n: u128) -> Result<bool, StoreError> {
    let mut uow = store.begin(access).await?;
    Ok(uow.users().lookup(user(n).id).await?.is_some())
}

/// Asserts that `work` fails soon, with a retryable error.
async fn fails_soon<T>(what: &str, work: impl Future<Output = Result<T, StoreError>>) {
    let start = Instant::now();
    let result = work.await.map(drop);
    assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{what}: {result:?}");
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
}

async fn succeeds_soon<T>(what: &str, work: impl Future<Output = Result<T, StoreError>>) -> T {
    let start = Instant::now();
    let value = work.await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    value
}
