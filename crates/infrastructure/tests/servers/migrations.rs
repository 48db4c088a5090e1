use std::{error::Error, time::Duration};

use memo_conformance::pause;
use memo_domain::{Access, MemoFilter, SearchQuery, Store, Tag, UserFilter};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use tokio::time::timeout;

use crate::{Remote, add_memo, add_user, find_user, on_servers, user};

on_servers! {
    migrations_run_up_and_down_and_up_again
    concurrent_migrations_run_once
    an_interrupted_migration_is_continued
    a_migration_that_was_not_recorded_runs_again
    a_statement_that_a_killed_process_has_left_is_no_error
    an_interrupted_reversion_leaves_all_data_or_none
    a_lease_that_was_left_behind_ends
    a_database_of_an_unreleased_version_is_refused
    a_database_that_a_later_version_migrated_is_used
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

/// Interrupted at many points, each attempt further than the one before.
async fn an_interrupted_migration_is_continued(server: Server) {
    let Some(remote) = Remote::without_schema(server, 1).await else { return };
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    let mut interruptions = 0;
    for messages in (0..).step_by(7) {
        remote.proxy.cut_after(messages);
        let was_interrupted = remote.store.migrate_up().await.is_err();
        remote.proxy.restore().await;
        expire_leases(&connection).await;
        if !was_interrupted {
            break;
        }
        interruptions += 1;
    }
    assert_complete(&remote.direct().await).await;
    assert!(interruptions > 4, "it was interrupted {interruptions} times");
}

/// Interrupted between its last step and the record of it, the latest point at which it runs again.
async fn a_migration_that_was_not_recorded_runs_again(server: Server) {
    let Some(remote) = Remote::new(server, 2).await else { return };
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    let migrations = remote.store.migration_status().await.expect("the status is read");
    for (number, (name, _)) in migrations.iter().enumerate() {
        let later = u32::try_from(migrations.len() - number - 1).expect("few");
        remote.store.migrate_down(Some(later)).await.expect("the later ones are reverted");
        let forget = format!("DELETE FROM seaql_migrations WHERE version = '{name}'");
        connection.execute_unprepared(&forget).await.expect("it is deleted");
        remote.store.migrate_up().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    assert_complete(&remote.store).await;
}

async fn a_statement_that_a_killed_process_has_left_is_no_error(server: Server) {
    let Some(remote) = Remote::new(server, 2).await else { return };
    let connect = async || Database::connect(remote.database.url()).await.expect("a connection");
    let (reader, killed) = (connect().await, connect().await);
    for statement in
        ["DELETE FROM seaql_migrations WHERE version LIKE '%likes'", "ALTER TABLE memos DROP COLUMN like_count"]
    {
        killed.execute_unprepared(statement).await.expect("it runs");
    }
    // Both wait for it, one after the other.
    let reading = reader.begin().await.expect("it begins");
    reading.execute_unprepared("SELECT COUNT(*) FROM memos").await.expect("it reads");
    let left = killed.execute_unprepared("ALTER TABLE memos ADD COLUMN like_count bigint NOT NULL DEFAULT 0");
    let migrate = async {
        pause(Duration::from_millis(300)).await;
        remote.store.migrate_up().await
    };
    let read = async {
        pause(Duration::from_millis(600)).await;
        reading.commit().await
    };
    let (left, migrated, read) = tokio::join!(left, migrate, read);
    left.expect("it adds the column");
    read.expect("it commits");
    migrated.expect("the column is there");
    assert_complete(&remote.store).await;
}

/// Of the first migration, which has the users and their memos; the others add to it.
async fn an_interrupted_reversion_leaves_all_data_or_none(server: Server) {
    let Some(remote) = Remote::without_schema(server, 1).await else { return };
    let direct = remote.direct().await;
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    let later = direct.migration_status().await.expect("the status is read").len() - 1;
    let mut interruptions = 0;
    for messages in (0..).step_by(7) {
        direct.migrate_up().await.expect("the schema is created");
        if !find_user(&direct, Access::Read, 0).await.expect("users are read") {
            add_user(&direct, 0).await.expect("a user is added");
            add_memo(&direct, 0).await.expect("a memo is added");
        }
        direct.migrate_down(u32::try_from(later).ok()).await.expect("the later migrations are reverted");
        remote.proxy.cut_after(messages);
        let was_interrupted = remote.store.migrate_down(None).await.is_err();
        remote.proxy.restore().await;
        expire_leases(&connection).await;
        direct.migrate_up().await.expect("the schema is created again");
        let exists = find_user(&direct, Access::Read, 0).await.expect("users are read");
        assert_eq!(count_memos(&direct).await, u64::from(exists), "after {messages} messages");
        assert_eq!(count_users(&direct).await, u64::from(exists), "after {messages} messages");
        if !was_interrupted {
            break;
        }
        interruptions += 1;
    }
    assert!(interruptions > 2, "it was interrupted {interruptions} times");
}

/// The lease of a process that was killed ends by itself, and the migration is applied by a process that waits.
async fn a_lease_that_was_left_behind_ends(server: Server) {
    let Some(remote) = Remote::without_schema(server, 2).await else { return };
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    // Claimed, and the schema is gone: as if the process was killed before its first step.
    remote.store.migrate_up().await.expect("the migrations are applied");
    remote.store.migrate_down(None).await.expect("the migrations are reverted");
    let claimed = "UPDATE leases SET generation = generation + 1, expires_at = 9223372036854775807";
    connection.execute_unprepared(claimed).await.expect("the lease is claimed");

    let mut waits = std::pin::pin!(remote.store.migrate_up());
    let until_asked = Duration::from_millis(700);
    assert!(timeout(until_asked, waits.as_mut()).await.is_err(), "it waits for the lease");
    let status = remote.direct().await.migration_status().await.expect("the status is read");
    assert!(status.iter().all(|(_, applied)| !applied), "{status:?}");
    expire_leases(&connection).await;
    waits.await.expect("the migrations are applied");
    assert_complete(&remote.direct().await).await;
}

async fn a_database_of_an_unreleased_version_is_refused(server: Server) {
    let Some(remote) = Remote::new(server, 2).await else { return };
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    let old = "UPDATE seaql_migrations SET version = 'm20261128_000006_proofs' WHERE version LIKE '%_initial'";
    connection.execute_unprepared(old).await.expect("it is renamed");
    for refused in [remote.store.migrate_up().await, remote.store.check().await] {
        let error = refused.expect_err("refused");
        let source = error.source().expect("a cause").to_string();
        assert!(source.contains("m20261128_000006_proofs") && source.contains("export"), "{source}");
    }
}

/// The old version starts again while nodes of the new one run.
async fn a_database_that_a_later_version_migrated_is_used(server: Server) {
    let Some(remote) = Remote::new(server, 2).await else { return };
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 0)";
    connection.execute_unprepared(later).await.expect("it is added");
    remote.store.migrate_up().await.expect("there is nothing to apply");
    assert_complete(&remote.store).await;
    assert!(remote.store.migrate_down(Some(1)).await.is_err(), "a migration that it does not know");
    remote.store.check().await.expect("the schema is unchanged");
}

/// As if its holder had been killed some time ago.
async fn expire_leases(connection: &DatabaseConnection) {
    // The table is missing before the first claim.
    let _ = connection.execute_unprepared("UPDATE leases SET expires_at = 0").await;
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
