//! Tests of the number of SQL statements that calls of a store run, on every database.

use std::{
    any::Any,
    fmt::Debug,
    mem,
    sync::{Arc, Mutex, OnceLock},
};

use memo_domain::{
    Access, Content, DisplayName, Email, Limit, Locale, Memo, MemoFilter, MemoId, MemoScope, MemoSort, MemoState,
    PageRequest, PageStart, PasswordHash, Store, Tag, Tags, Timestamp, Title, UnitOfWork, User, UserId, Visibility,
};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::set_global_default,
};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_123_456);
/// The number of memos on a full page.
const FULL: u16 = 100;

/// Defines a test for each function and database.
macro_rules! on_databases {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::TestDatabase::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(database) = super::TestDatabase::on(memo_test_databases::Server::Postgres).await else { return };
                super::$name(database).await;
            })*
        }
        mod mysql {
            $(#[tokio::test]
            async fn $name() {
                let Some(database) = super::TestDatabase::on(memo_test_databases::Server::MySql).await else { return };
                super::$name(database).await;
            })*
        }
    };
}

on_databases! {
    a_full_page_runs_as_many_statements_as_a_page_of_one_memo
    a_lookup_by_id_runs_one_statement
    a_memo_with_twenty_tags_is_written_by_as_many_statements_as_one_with_one_tag
}

async fn a_full_page_runs_as_many_statements_as_a_page_of_one_memo(database: TestDatabase) {
    database.fill().await;
    for (what, filter, expected) in [
        ("in use", mine(), 1),
        ("public", MemoFilter { scope: MemoScope::Public, ..mine() }, 1),
        // An additional statement counts the memos with the tag.
        ("tagged", MemoFilter { tags: vec![tag(0)], ..mine() }, 2),
    ] {
        for size in [1, FULL] {
            let statements = database
                .statements(async |store| {
                    let limit = Limit::new(size.into()).expect("a valid limit");
                    let request = PageRequest { limit, start: PageStart::Offset(0) };
                    let mut unit = begin(store, Access::Read).await;
                    let page = unit.memos().list(&filter, MemoSort::default(), &request).await;
                    let page = page.expect("memos are listed");
                    assert_eq!(page.items.len(), usize::from(size), "{what}");
                    assert!(page.items.iter().all(|view| view.memo.state.tags.iter().count() == Tags::MAX), "{what}");
                })
                .await;
            assert_eq!(statements.len(), expected, "{what}, a page of {size}: {statements:#?}");
        }
    }
}

async fn a_lookup_by_id_runs_one_statement(database: TestDatabase) {
    database.fill().await;
    let statements = database
        .statements(async |store| {
            let found = begin(store, Access::Read).await.memos().lookup(memo(0, Tags::MAX).id).await;
            let found = found.expect("memos are read").expect("the memo exists");
            assert_eq!(found.memo.state.tags.iter().count(), Tags::MAX);
        })
        .await;
    assert_eq!(statements.len(), 1, "{statements:#?}");
}

async fn a_memo_with_twenty_tags_is_written_by_as_many_statements_as_one_with_one_tag(database: TestDatabase) {
    database.fill().await;
    let added = async |n: u128, tags: usize| {
        let add = async |store: &dyn Store| {
            let mut unit = begin(store, Access::Write).await;
            unit.memos().insert(&memo(n, tags), &memo(n, tags).search_text()).await.expect("the memo is added");
            unit.commit().await.expect("the unit of work commits");
        };
        database.statements(add).await
    };
    let (one, twenty) = (added(1_001, 1).await, added(1_002, Tags::MAX).await);
    // BEGIN and COMMIT, the memo, its tags, its bigrams and its owner's name.
    assert!((1..=6).contains(&one.len()), "{one:#?}");
    assert_eq!(one, twenty, "to add");

    let changed = async |n: u128, tags: usize| {
        let change = async |store: &dyn Store| {
            let (before, mut after) = (memo(n, Tags::MAX), memo(n, tags));
            after.version = after.version.next();
            let mut unit = begin(store, Access::Write).await;
            unit.memos().update(&after, before.version, Some(&after.search_text())).await.expect("the memo is changed");
            unit.commit().await.expect("the unit of work commits");
        };
        database.statements(change).await
    };
    let (one, twenty) = (changed(1, 1).await, changed(2, Tags::MAX).await);
    assert!((1..=6).contains(&one.len()), "{one:#?}");
    assert_eq!(one, twenty, "to change");
}

/// An empty database.
struct TestDatabase {
    url: String,
    /// Removes the database when it is dropped.
    _guard: Box<dyn Any>,
}

impl TestDatabase {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { url: format!("sqlite://{}/memo.db", folder.path().display()), _guard: Box::new(folder) }
    }

    /// `None` if the server is not available.
    async fn on(server: Server) -> Option<Self> {
        let database = server.database().await?;
        Some(Self { url: database.url(), _guard: Box::new(database) })
    }

    /// Creates the schema and inserts a full page of memos and one more, with twenty tags each.
    async fn fill(&self) {
        let store = SeaOrmStore::open(StoreOptions::new(&self.url)).await.expect("the store opens");
        store.migrate_up().await.expect("the schema is created");
        let mut unit = begin(&store, Access::Write).await;
        unit.users().insert(&user()).await.expect("the user is added");
        for n in 0..=u128::from(FULL) {
            unit.memos()
                .insert(&memo(n, Tags::MAX), &memo(n, Tags::MAX).search_text())
                .await
                .expect("the memo is added");
        }
        unit.commit().await.expect("the unit of work commits");
        store.close().await;
    }

    /// Returns the first words of the statements that `work` runs.
    async fn statements(&self, work: impl AsyncFnOnce(&dyn Store)) -> Vec<String> {
        // The SQLite driver logs on threads of its own, so concurrent tests could not be told apart.
        static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _guard = ONE_AT_A_TIME.lock().await;
        let options = StoreOptions { log_sql: true, ..StoreOptions::new(&self.url) };
        let store = SeaOrmStore::open(options).await.expect("the store opens");
        log().take();
        work(&store).await;
        // All statements have been logged when the connections are closed.
        store.close().await;
        log().take()
    }
}

/// Collects the statements that the drivers log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        mem::take(&mut *self.0.lock().expect("not poisoned"))
    }
}

/// The log of this process.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        set_global_default(log.clone()).expect("the only subscriber");
        log
    })
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut summary = Summary::default();
        event.record(&mut summary);
        self.0.lock().expect("not poisoned").push(summary.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The first words of a statement.
#[derive(Default)]
struct Summary(String);

impl Visit for Summary {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

async fn begin(store: &dyn Store, access: Access) -> Box<dyn UnitOfWork> {
    store.begin(access).await.expect("a unit of work begins")
}

fn mine() -> MemoFilter {
    MemoFilter { archived: Some(false), ..MemoFilter::of(user().id) }
}

fn tag(n: usize) -> Tag {
    Tag::new(format!("tag{n}")).expect("a valid tag")
}

fn user() -> User {
    User::sign_up(
        UserId::new(Uuid::from_u128(1)),
        Email::new("user@example.com").expect("a valid address"),
        DisplayName::new("A user").expect("a valid name"),
        PasswordHash::new("$2b$".to_owned()),
        Locale::En,
        NOW,
    )
}

fn memo(n: u128, tags: usize) -> Memo {
    let title = Title::new(format!("Memo {n}")).expect("a valid title");
    let content = Content::new("content").expect("valid content");
    let tags = Tags::new((0..tags).map(tag)).expect("few tags");
    let state = MemoState { tags, visibility: Visibility::Public, ..MemoState::new(title, content) };
    Memo::create(MemoId::new(Uuid::from_u128(n)), user().id, state, NOW)
}
