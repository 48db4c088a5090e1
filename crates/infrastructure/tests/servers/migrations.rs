use memo_domain::{Access, MemoFilter, SearchQuery, Store, Tag, UserFilter};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use crate::{Remote, add_memo, add_user, find_user, on_servers, user};

on_servers! {
    migrations_run_up_and_down_and_up_again
    concurrent_migrations_run_once
    an_interrupted_migration_is_continued
    an_interrupted_reversion_leaves_all_data_or_none
    a_repeated_reversion_after_an_interruption_reverts_only_one_migration
}

async fn migrations_run_up_and_down_and_up_again(server: Server) {
    let Some(remote) = Remote::without_schema(server, 2).await else { return };
    let store = &remote.store;
    for steps in [None, Some(1), Some(u32::MAX)] {
        assert!(store.check().await.is_err());
        store.migrate_up().await.expect("the migrations are applied");
        store.migrate_up().await.expect("there is nothing left to apply");
        assert!(store.migration_status().await.expect("the status is read").iter().all(|(_, applied)| *applied));
        store.check().await.expect("the schema is up to date");
        if !find_user(store, Access::Read, 0).await.expect("users are read") {
            add_user(store, 0).await.expect("a user is added");
        }
        store.migrate_down(steps).await.expect("the migrations are reverted");
    }
    assert!(store.migration_status().await.expect("the status is read").iter().all(|(_, applied)| !applied));
}

async fn concurrent_migrations_run_once(server: Server) {
    let Some(database) = server.database().await else { return };
    let migrate = async || {
        let store = SeaOrmStore::open(StoreOptions::new(database.url())).await.expect("the store opens");
        store.migrate_up().await.expect("the migrations are applied");
        store.check().await.expect("the schema is up to date");
        store.close().await;
    };
    tokio::join!(migrate(), migrate(), migrate(), migrate(), migrate());
}

/// Interrupted at many points: after every seventh message to the server.
async fn an_interrupted_migration_is_continued(server: Server) {
    let Some(remote) = Remote::without_schema(server, 1).await else { return };
    let direct = remote.direct().await;
    let mut interruptions = 0;
    for messages in (0..).step_by(7) {
        remote.proxy.cut_after(messages);
        let was_interrupted = remote.store.migrate_up().await.is_err();
        remote.proxy.restore().await;
        direct.migrate_up().await.expect("another process continues");
        assert_complete(&direct).await;
        direct.migrate_down(None).await.expect("all migrations are reverted");
        if !was_interrupted {
            break;
        }
        interruptions += 1;
    }
    assert!(interruptions > 4, "it was interrupted {interruptions} times");
}

async fn an_interrupted_reversion_leaves_all_data_or_none(server: Server) {
    let Some(remote) = Remote::without_schema(server, 1).await else { return };
    let direct = remote.direct().await;
    let mut interruptions = 0;
    for messages in (0..).step_by(7) {
        direct.migrate_up().await.expect("the schema is created");
        add_user(&direct, 0).await.expect("a user is added");
        add_memo(&direct, 0).await.expect("a memo is added");
        remote.proxy.cut_after(messages);
        let was_interrupted = remote.store.migrate_down(None).await.is_err();
        remote.proxy.restore().await;
        direct.migrate_up().await.expect("the schema is created again");
        let exists = find_user(&direct, Access::Read, 0).await.expect("users are read");
        assert_eq!(count_memos(&direct).await, u64::from(exists), "after {messages} messages");
        assert_eq!(count_users(&direct).await, u64::from(exists), "after {messages} messages");
        direct.migrate_down(None).await.expect("all migrations are reverted");
        if !was_interrupted {
            break;
        }
        interruptions += 1;
    }
    assert!(interruptions > 2, "it was interrupted {interruptions} times");
}

async fn a_repeated_reversion_after_an_interruption_reverts_only_one_migration(server: Server) {
    let Some(remote) = Remote::without_schema(server, 1).await else { return };
    let direct = remote.direct().await;
    direct.migrate_up().await.expect("the schema is created");
    add_user(&direct, 0).await.expect("a user is added");
    // The last four migrations, each with the column that its reversion drops last.
    interrupt_reversion(&remote, &direct, 0, ("sessions", "proved_at")).await;
    interrupt_reversion(&remote, &direct, 1, ("jobs", "id")).await;
    interrupt_reversion(&remote, &direct, 2, ("outbox", "begun")).await;
    interrupt_reversion(&remote, &direct, 3, ("sessions", "cookie")).await;
}

/// Reverts `before` migrations completely and then one more, interrupted after every third message to the server.
async fn interrupt_reversion(remote: &Remote, direct: &SeaOrmStore, before: u32, last_column: (&str, &str)) {
    let mut interruptions = 0;
    for messages in (0..).step_by(3) {
        direct.migrate_down(Some(before)).await.expect("they are reverted");
        remote.proxy.cut_after(messages);
        let was_interrupted = remote.store.migrate_down(Some(1)).await.is_err();
        remote.proxy.restore().await;
        // If it was interrupted after its last statement, it is complete although it reported an error: not repeated then.
        if was_interrupted && has_column(&remote.database.url(), last_column).await {
            direct.migrate_down(Some(1)).await.expect("it is continued");
        }
        let status = direct.migration_status().await.expect("the status is read");
        let applied: Vec<_> = status.iter().map(|(_, applied)| *applied).collect();
        let left = applied.len() - 1 - usize::try_from(before).expect("a small number");
        let expected: Vec<_> = (0..applied.len()).map(|number| number < left).collect();
        assert_eq!(applied, expected, "after {messages} messages");
        direct.migrate_up().await.expect("the schema is created again");
        assert_eq!(count_users(direct).await, 1, "after {messages} messages");
        if !was_interrupted {
            break;
        }
        interruptions += 1;
    }
    assert!(interruptions > 2, "it was interrupted {interruptions} times");
}

async fn has_column(url: &str, (table, column): (&str, &str)) -> bool {
    let database = Database::connect(url).await.expect("a connection");
    let backend = database.get_database_backend();
    let schema = match backend {
        DbBackend::Postgres => "CURRENT_SCHEMA",
        _ => "DATABASE()",
    };
    let statement = format!(
        "SELECT 1 FROM information_schema.columns
        WHERE table_schema = {schema} AND table_name = '{table}' AND column_name = '{column}'"
    );
    let row = database.query_one_raw(Statement::from_string(backend, statement)).await.expect("the schema is read");
    database.close().await.expect("the connection closes");
    row.is_some()
}

async fn assert_complete(store: &SeaOrmStore) {
    store.check().await.expect("the schema is up to date");
    add_user(store, 0).await.expect("a user is added");
    add_memo(store, 0).await.expect("a memo is added");
    assert_eq!(count_memos(store).await, 1);
}

/// Counts the memos that are found by their words and tags.
async fn count_memos(store: &SeaOrmStore) -> u64 {
    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    let filter = MemoFilter {
        search: SearchQuery::parse("emo content").expect("a valid query"),
        tags: vec![Tag::new("work").expect("a tag")],
        ..MemoFilter::of(user(0).id)
    };
    uow.memos().count(&filter).await.expect("memos are counted")
}

/// Counts the users that are found by their name.
async fn count_users(store: &SeaOrmStore) -> u64 {
    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    uow.users()
        .count(&UserFilter::default().with_text("A USER").expect("a valid text"))
        .await
        .expect("users are counted")
}
