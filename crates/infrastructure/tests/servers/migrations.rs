use memo_domain::{Access, MemoFilter, SearchQuery, Store, Tag, UserFilter};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use crate::{Remote, add_memo, add_user, find_user, on_servers, user};

on_servers! {
    migrations_go_up_and_down_and_up_again
    many_may_migrate_at_once
    a_migration_that_was_cut_off_is_gone_on_with
    one_that_was_cut_off_while_it_was_taken_back_is_made_anew
    one_step_back_that_was_cut_off_and_repeated_takes_no_other_back
}

async fn migrations_go_up_and_down_and_up_again(server: Server) {
    let Some(remote) = Remote::bare(server, 2).await else { return };
    let store = &remote.store;
    for steps in [None, Some(1), Some(u32::MAX)] {
        assert!(store.check().await.is_err());
        store.migrate_up().await.expect("the migrations are applied");
        store.migrate_up().await.expect("there is nothing left to apply");
        assert!(store.migration_status().await.expect("the status is read").iter().all(|(_, applied)| *applied));
        store.check().await.expect("the schema is up to date");
        if !find_user(store, Access::Read, 0).await.expect("members are read") {
            add_user(store, 0).await.expect("a member is added");
        }
        store.migrate_down(steps).await.expect("the migrations are taken back");
    }
    assert!(store.migration_status().await.expect("the status is read").iter().all(|(_, applied)| !applied));
}

async fn many_may_migrate_at_once(server: Server) {
    let Some(database) = server.database().await else { return };
    let migrate = async || {
        let store = SeaOrmStore::open(StoreOptions::new(database.url())).await.expect("the store opens");
        store.migrate_up().await.expect("the migrations are applied");
        store.check().await.expect("the schema is up to date");
        store.close().await;
    };
    tokio::join!(migrate(), migrate(), migrate(), migrate(), migrate());
}

/// Cut off wherever it may be: after each message to the server, in turn.
async fn a_migration_that_was_cut_off_is_gone_on_with(server: Server) {
    let Some(remote) = Remote::bare(server, 1).await else { return };
    let near = remote.near().await;
    let mut cut_off = 0;
    for messages in (0..).step_by(7) {
        remote.proxy.cut_after(messages);
        let was_cut_off = remote.store.migrate_up().await.is_err();
        remote.proxy.restore().await;
        near.migrate_up().await.expect("another one goes on");
        assert_whole(&near).await;
        near.migrate_down(None).await.expect("all is taken back");
        if !was_cut_off {
            break;
        }
        cut_off += 1;
    }
    assert!(cut_off > 4, "it was cut off {cut_off} times");
}

async fn one_that_was_cut_off_while_it_was_taken_back_is_made_anew(server: Server) {
    let Some(remote) = Remote::bare(server, 1).await else { return };
    let near = remote.near().await;
    let mut cut_off = 0;
    for messages in (0..).step_by(7) {
        near.migrate_up().await.expect("the schema is made");
        add_user(&near, 0).await.expect("a member is added");
        add_memo(&near, 0).await.expect("a memo is added");
        remote.proxy.cut_after(messages);
        let was_cut_off = remote.store.migrate_down(None).await.is_err();
        remote.proxy.restore().await;
        near.migrate_up().await.expect("the schema is made anew");
        // All is as it was, or all is gone.
        let is_there = find_user(&near, Access::Read, 0).await.expect("members are read");
        assert_eq!(found(&near).await, u64::from(is_there), "after {messages} messages");
        assert_eq!(named(&near).await, u64::from(is_there), "after {messages} messages");
        near.migrate_down(None).await.expect("all is taken back");
        if !was_cut_off {
            break;
        }
        cut_off += 1;
    }
    assert!(cut_off > 2, "it was cut off {cut_off} times");
}

async fn one_step_back_that_was_cut_off_and_repeated_takes_no_other_back(server: Server) {
    let Some(remote) = Remote::bare(server, 1).await else { return };
    let near = remote.near().await;
    near.migrate_up().await.expect("the schema is made");
    add_user(&near, 0).await.expect("a member is added");
    // The latest migration, and the one before: each with the last trace that is gone when it is taken back.
    take_back_cut_off(&remote, &near, 0, ("outbox", "begun")).await;
    take_back_cut_off(&remote, &near, 1, ("sessions", "cookie")).await;
}

/// Takes one migration back, cut off wherever it may be, after so many others that were taken back whole.
async fn take_back_cut_off(remote: &Remote, near: &SeaOrmStore, before: u32, last_trace: (&str, &str)) {
    let mut cut_off = 0;
    for messages in (0..).step_by(3) {
        near.migrate_down(Some(before)).await.expect("they are taken back");
        remote.proxy.cut_after(messages);
        let was_cut_off = remote.store.migrate_down(Some(1)).await.is_err();
        remote.proxy.restore().await;
        // Cut off behind the last statement it is done, though who asked does not know: then it is not to be repeated.
        if was_cut_off && has_column(&remote.database.url(), last_trace).await {
            near.migrate_down(Some(1)).await.expect("it is gone on with");
        }
        let status = near.migration_status().await.expect("the status is read");
        let applied: Vec<_> = status.iter().map(|(_, applied)| *applied).collect();
        let left = applied.len() - 1 - usize::try_from(before).expect("a small number");
        let expected: Vec<_> = (0..applied.len()).map(|number| number < left).collect();
        assert_eq!(applied, expected, "after {messages} messages");
        near.migrate_up().await.expect("the schema is made anew");
        assert_eq!(named(near).await, 1, "after {messages} messages");
        if !was_cut_off {
            break;
        }
        cut_off += 1;
    }
    assert!(cut_off > 2, "it was cut off {cut_off} times");
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
    database.close().await.expect("the connection ends");
    row.is_some()
}

async fn assert_whole(store: &SeaOrmStore) {
    store.check().await.expect("the schema is up to date");
    add_user(store, 0).await.expect("a member is added");
    add_memo(store, 0).await.expect("a memo is added");
    assert_eq!(found(store).await, 1);
}

/// How many memos are found by their words and tags.
async fn found(store: &SeaOrmStore) -> u64 {
    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    let filter = MemoFilter {
        search: SearchQuery::parse("emo content").expect("no text is an error"),
        tags: vec![Tag::new("work").expect("a tag")],
        ..MemoFilter::of(user(0).id)
    };
    uow.memos().count(&filter).await.expect("memos are counted")
}

/// How many members are found by their name.
async fn named(store: &SeaOrmStore) -> u64 {
    let mut uow = store.begin(Access::Read).await.expect("a unit of work begins");
    uow.users()
        .count(&UserFilter::default().with_text("A MEMBER").expect("a valid text"))
        .await
        .expect("members are counted")
}
