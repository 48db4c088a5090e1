//! A replica for reads. Here it is a second database, to which a test copies rows when it is time.

use std::time::Duration;

use memo_conformance::pause;
use memo_domain::{
    Access, ChangeKind, Memo, MemoCursor, MemoFilter, MemoSort, NewChange, PageRequest, SortDirection, SortField,
    Store, StoreError, Title, UserId,
};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::{Proxy, Server, TestDatabase};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::{SOON, TIME_LIMIT, add_user, memo, name_of, on_servers, succeeds_soon, texts, user};

on_servers! {
    a_replica_with_all_changes_of_a_user_lists_their_memos
    a_replica_that_lacks_a_change_of_a_user_is_not_read
    only_own_memos_of_the_user_are_read_from_a_replica
    an_unreachable_replica_leaves_reads_to_the_primary
    a_replica_that_fails_leaves_reads_to_the_primary
    a_user_who_has_no_place_left_reads_from_the_primary
    another_database_is_refused_as_a_replica
}

/// A user and a memo, whose title on the replica tells which database was read.
struct Replicated {
    store: SeaOrmStore,
    /// In front of the replica.
    proxy: Proxy,
    /// Reaches both databases.
    connection: DatabaseConnection,
    names: [String; 2],
    /// Dropped last, since it removes the databases.
    _databases: [TestDatabase; 2],
}

impl Replicated {
    async fn new(server: Server) -> Option<Self> {
        Self::with(server, false, None).await
    }

    async fn with(server: Server, pooler: bool, max_connections: Option<u32>) -> Option<Self> {
        let databases = [migrated(server).await?, migrated(server).await?];
        let proxy = Proxy::start(server.address()).await;
        let connection = Database::connect(databases[0].url()).await.expect("a connection");
        let names = [0, 1].map(|n: usize| name_of(&databases[n].url()));
        copy_migrations(&connection, &names).await;
        let options = StoreOptions {
            read_url: Some(databases[1].url_through(proxy.port())),
            pooler,
            max_connections,
            acquire_timeout: TIME_LIMIT,
            statement_timeout: TIME_LIMIT,
            ..StoreOptions::new(databases[0].url())
        };
        let store = SeaOrmStore::open(options).await.expect("the store opens");
        let replicated = Self { store, proxy, connection, names, _databases: databases };
        add_user(&replicated.store, 0).await.expect("a user is added");
        replicated.write(1).await;
        replicated.copy().await;
        Some(replicated)
    }

    /// Adds a memo, as use cases do: with its change.
    async fn write(&self, n: u128) {
        let mut uow = self.store.begin(Access::Write).await.expect("it begins");
        uow.memos().insert(&memo(n), &memo(n).search_text()).await.expect("it writes");
        let change = NewChange::of(&memo(n), ChangeKind::Created, memo(n).created_at);
        uow.changes().append(memo(n).owner_id, &[change]).await.expect("it writes");
        uow.commit().await.expect("it commits");
    }

    /// Copies all that lists read to the replica, and renames the memos there.
    async fn copy(&self) {
        let [primary, replica] = &self.names;
        self.run(&format!("DELETE FROM {replica}.users")).await;
        for table in ["users", "memos", "memo_tags", "change_feeds"] {
            self.run(&format!("INSERT INTO {replica}.{table} SELECT * FROM {primary}.{table}")).await;
        }
        self.run(&format!("UPDATE {replica}.memos SET title = 'On the replica'")).await;
    }

    async fn run(&self, statement: &str) {
        self.connection.execute_unprepared(statement).await.expect("it runs");
    }

    /// Lists the titles of the user's memos on behalf of a user, or of the server.
    async fn titles(&self, on_behalf_of: Option<UserId>, filter: MemoFilter) -> Result<Vec<String>, StoreError> {
        let mut uow = self.store.begin_for(Access::Read, on_behalf_of).await?;
        let sort = MemoSort { field: SortField::CreatedAt, direction: SortDirection::Ascending };
        let page = uow.memos().list(&filter, sort, &PageRequest::<MemoCursor>::default()).await?;
        let title = |memo: Memo| Title::as_str(&memo.state.title).to_owned();
        Ok(page.items.into_iter().map(|view| title(view.memo)).collect())
    }

    async fn own_titles(&self) -> Vec<String> {
        let user = user(0).id;
        succeeds_soon("a list", self.titles(Some(user), MemoFilter::of(user))).await
    }
}

async fn migrated(server: Server) -> Option<TestDatabase> {
    let database = server.database().await?;
    let store = SeaOrmStore::open(StoreOptions::new(database.url())).await.expect("the store opens");
    store.migrate_up().await.expect("the schema is created");
    store.close().await;
    Some(database)
}

async fn copy_migrations(connection: &DatabaseConnection, [primary, replica]: &[String; 2]) {
    for statement in [
        format!("DELETE FROM {replica}.seaql_migrations"),
        format!("INSERT INTO {replica}.seaql_migrations SELECT * FROM {primary}.seaql_migrations"),
    ] {
        connection.execute_unprepared(&statement).await.expect("it runs");
    }
}

async fn a_replica_with_all_changes_of_a_user_lists_their_memos(server: Server) {
    for pooler in [false, true] {
        let Some(replicated) = Replicated::with(server, pooler, None).await else { return };
        assert_eq!(replicated.own_titles().await, ["On the replica"]);
        let mut uow = replicated.store.begin_for(Access::Read, Some(user(0).id)).await.expect("it begins");
        replicated.run(&format!("DELETE FROM {}.memos", replicated.names[1])).await;
        assert_eq!(uow.memos().count(&MemoFilter::of(user(0).id)).await.expect("it counts"), 0);
        assert_eq!(uow.memos().count_tags(user(0).id).await.expect("it counts"), 0);
        assert!(uow.memos().list_tags(user(0).id, None, 10).await.expect("it lists").is_empty());
    }
}

async fn a_replica_that_lacks_a_change_of_a_user_is_not_read(server: Server) {
    let Some(replicated) = Replicated::new(server).await else { return };
    replicated.write(2).await;
    assert_eq!(replicated.own_titles().await, ["Memo 1", "Memo 2"]);
    replicated.copy().await;
    assert_eq!(replicated.own_titles().await, ["On the replica", "On the replica"]);
    // Also a new display name, which is part of a list.
    let mut renamed = user(0);
    renamed.version = renamed.version.next();
    let mut uow = replicated.store.begin(Access::Write).await.expect("it begins");
    uow.users().update(&renamed, user(0).version).await.expect("it writes");
    uow.commit().await.expect("it commits");
    assert_eq!(replicated.own_titles().await, ["Memo 1", "Memo 2"]);
    // Changes of other users do not matter.
    replicated.copy().await;
    add_user(&replicated.store, 1).await.expect("a user is added");
    assert_eq!(replicated.own_titles().await, ["On the replica", "On the replica"]);
}

async fn only_own_memos_of_the_user_are_read_from_a_replica(server: Server) {
    let Some(replicated) = Replicated::new(server).await else { return };
    let (store, own) = (&replicated.store, MemoFilter::of(user(0).id));
    for other in [None, Some(user(1).id)] {
        assert_eq!(replicated.titles(other, own.clone()).await.expect("it lists"), ["Memo 1"]);
    }
    replicated.run(&format!("DELETE FROM {}.memos", replicated.names[1])).await;
    replicated.run(&format!("DELETE FROM {}.users", replicated.names[1])).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = store.begin_for(access, Some(user(0).id)).await.expect("it begins");
        assert!(uow.users().lookup(user(0).id).await.expect("it reads").is_some());
        assert!(uow.memos().lookup(memo(1).id).await.expect("it reads").is_some());
        assert_eq!(uow.memos().count(&own).await.expect("it counts"), 1);
    }
}

async fn an_unreachable_replica_leaves_reads_to_the_primary(server: Server) {
    let Some(replicated) = Replicated::new(server).await else { return };
    assert_eq!(replicated.own_titles().await, ["On the replica"]);
    replicated.proxy.cut();
    assert_eq!(replicated.own_titles().await, ["Memo 1"]);
    replicated.proxy.restore().await;

    let Some(replicated) = Replicated::new(server).await else { return };
    assert_eq!(replicated.own_titles().await, ["On the replica"]);
    replicated.proxy.freeze();
    assert_eq!(replicated.own_titles().await, ["Memo 1"]);
    // Only the first read waits for it.
    let start = std::time::Instant::now();
    for _ in 0..10 {
        assert_eq!(replicated.own_titles().await, ["Memo 1"]);
    }
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

async fn a_replica_that_fails_leaves_reads_to_the_primary(server: Server) {
    let Some(replicated) = Replicated::new(server).await else { return };
    replicated.run(&format!("DROP TABLE {}.memo_tags", replicated.names[1])).await;
    let mut uow = replicated.store.begin_for(Access::Read, Some(user(0).id)).await.expect("it begins");
    assert_eq!(uow.memos().count(&MemoFilter::of(user(0).id)).await.expect("it counts"), 1);
    assert_eq!(uow.memos().count_tags(user(0).id).await.expect("it counts on the primary"), 1);
    assert_eq!(uow.memos().count(&MemoFilter::of(user(0).id)).await.expect("it counts"), 1);
}

async fn a_user_who_has_no_place_left_reads_from_the_primary(server: Server) {
    // One for each user.
    let Some(replicated) = Replicated::with(server, false, Some(2)).await else { return };
    let mut uow = replicated.store.begin_for(Access::Read, Some(user(0).id)).await.expect("it begins");
    assert_eq!(uow.memos().count_tags(user(0).id).await.expect("it counts on the replica"), 1);
    assert_eq!(replicated.own_titles().await, ["Memo 1"]);
    drop(uow);
    // Its transaction ends in the background.
    pause(Duration::from_millis(300)).await;
    assert_eq!(replicated.own_titles().await, ["On the replica"]);
}

async fn another_database_is_refused_as_a_replica(server: Server) {
    let Some(database) = migrated(server).await else { return };
    let Some(other) = migrated(server).await else { return };
    let connection = Database::connect(other.url()).await.expect("a connection");
    let later = "UPDATE seaql_migrations SET applied_at = applied_at + 60 WHERE version <> ''";
    connection.execute_unprepared(later).await.expect("it runs");
    let Some(empty) = server.database().await else { return };
    let foreign = if server == Server::Postgres { "mysql://h/d" } else { "postgres://h/d" };
    let (scheme, rest) = other.url().split_once("://").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a URL");
    let malformed = format!("{scheme}://memo:hun/ter2@{}", rest.split_once('@').expect("a user").1);
    for url in [other.url(), empty.url(), foreign.to_owned(), malformed] {
        let options =
            StoreOptions { read_url: Some(url), connect_timeout: TIME_LIMIT, ..StoreOptions::new(database.url()) };
        let error = SeaOrmStore::open(options).await.expect_err("refused");
        let text = texts(&error);
        assert!(!error.is_retryable() && text.contains("replica") && !text.contains("ter2"), "{text}");
    }
}
