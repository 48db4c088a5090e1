use memo_domain::{Access, MemoFilter, SearchQuery, Store, StoreError, Tag};
use memo_infrastructure::SeaOrmStore;
use sea_orm::{ConnectionTrait, Database};

use crate::{
    add_memo, add_user,
    support::{Fresh, options},
    user,
};

#[tokio::test]
async fn migrations_run_up_and_down_and_up_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SeaOrmStore::open(options(&folder)).await.expect("the store opens");
    assert_pending(&store).await;

    for steps in [None, Some(u32::MAX)] {
        store.migrate_up().await.expect("the migrations are applied");
        store.migrate_up().await.expect("there is nothing left to apply");
        assert!(store.migration_status().await.expect("the status is read").iter().all(|(_, applied)| *applied));
        for _ in 0..2 {
            store.check().await.expect("the schema is up to date");
        }
        add_user(&store, 0).await;

        store.migrate_down(steps).await.expect("the migrations are reverted");
        assert_pending(&store).await;
    }
}

#[tokio::test]
async fn migrating_down_by_zero_steps_changes_nothing() {
    let fresh = Fresh::new().await;
    fresh.store.migrate_down(Some(0)).await.expect("nothing is reverted");
    fresh.store.check().await.expect("the schema is up to date");
}

#[tokio::test]
async fn concurrent_migrations_run_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let migrate = async || {
        let store = SeaOrmStore::open(options(&folder)).await.expect("the store opens");
        store.migrate_up().await.expect("the migrations are applied");
        store.check().await.expect("the schema is up to date");
    };
    tokio::join!(migrate(), migrate(), migrate(), migrate(), migrate(), migrate());
}

#[tokio::test]
async fn committed_rows_survive_reopening() {
    let mut fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    fresh.reopen().await;
    fresh.store.check().await.expect("the schema is up to date");
    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    assert_eq!(uow.users().lookup(user(0).id).await.expect("users are read"), Some(user(0)));
}

async fn assert_pending(store: &SeaOrmStore) {
    let status = store.migration_status().await.expect("the status is read");
    assert!(!status.is_empty() && status.iter().all(|(_, applied)| !applied), "{status:?}");
    match store.check().await {
        Err(StoreError::Other { source }) => assert!(source.to_string().contains(&status[0].0), "{source}"),
        other => panic!("expected pending migrations, got {other:?}"),
    }
}

/// A step that was applied already changes nothing: a process that was killed before it recorded the migration.
#[tokio::test]
async fn a_migration_that_was_applied_but_not_recorded_is_applied_again() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    add_memo(&*fresh.store, 1).await;
    execute(&fresh, "DELETE FROM seaql_migrations").await;
    let store = SeaOrmStore::open(options(&fresh.folder)).await.expect("the store opens");
    assert_pending(&store).await;
    store.migrate_up().await.expect("the migrations are applied");

    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    let filter = MemoFilter {
        search: SearchQuery::parse("emo xxx").expect("a valid query"),
        tags: vec![Tag::new("work").expect("a tag")],
        ..MemoFilter::of(user(0).id)
    };
    assert_eq!(uow.memos().count(&filter).await.expect("memos are counted"), 1);
}

#[tokio::test]
async fn a_database_of_an_unreleased_version_is_refused() {
    let fresh = Fresh::new().await;
    let old =
        "UPDATE seaql_migrations SET version = 'm20261121_000001_members_and_memos' WHERE version LIKE '%_initial'";
    execute(&fresh, old).await;
    let store = SeaOrmStore::open(options(&fresh.folder)).await.expect("the store opens");
    for refused in [store.migrate_up().await, store.migrate_down(None).await, store.check().await] {
        let text = refused.expect_err("refused").to_string();
        assert!(!text.contains('\n'), "{text}");
    }
    let error = store.migration_status().await.expect_err("refused");
    let source = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(source.contains("m20261121_000001_members_and_memos") && source.contains("export"), "{source}");
}

#[tokio::test]
async fn a_database_that_a_later_version_migrated_is_used_but_not_reverted() {
    let fresh = Fresh::new().await;
    execute(&fresh, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 0)").await;
    let store = SeaOrmStore::open(options(&fresh.folder)).await.expect("the store opens");
    store.migrate_up().await.expect("there is nothing to apply");
    store.check().await.expect("the schema is complete");
    add_user(&store, 0).await;
    let error = store.migrate_down(Some(1)).await.expect_err("refused");
    let source = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(source.contains("m20991231_000001_later"), "{source}");
    store.check().await.expect("the schema is unchanged");
}

async fn execute(fresh: &Fresh, statement: &str) {
    let connection = Database::connect(options(&fresh.folder).url).await.expect("a connection");
    connection.execute_unprepared(statement).await.expect("it is executed");
    connection.close().await.expect("the connection closes");
}
