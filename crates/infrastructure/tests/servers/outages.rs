use std::{error::Error, pin::pin, time::Duration};

use memo_domain::{Access, Store, StoreError};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::{Proxy, Server};
use tokio::time::Instant;

use crate::{Remote, add_user, fails_soon, find_user, on_servers, succeeds_soon, user};

on_servers! {
    the_store_is_unavailable_while_connections_are_refused_and_recovers
    the_store_is_unavailable_while_the_server_is_frozen_and_recovers
    transactions_on_a_frozen_server_leave_no_rows_without_a_commit
    a_restart_of_the_server_fails_only_open_transactions
    units_of_work_fail_after_the_time_limit_if_the_pool_is_exhausted
    a_user_leaves_half_of_the_connections_to_the_others
    a_frozen_server_does_not_exhaust_the_pool
    a_writer_fails_after_the_time_limit_if_another_holds_the_row
    cancelled_statements_return_their_connections
    opening_a_store_retries_until_the_connect_timeout
    a_connection_that_is_closed_while_it_is_opened_is_retried
    errors_do_not_contain_the_password
}

const ACCESSES: [Access; 2] = [Access::Read, Access::Snapshot];

async fn the_store_is_unavailable_while_connections_are_refused_and_recovers(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let store = &remote.store;
    add_user(store, 0).await.expect("it works");
    remote.proxy.cut();
    for access in ACCESSES {
        fails_soon("a read", find_user(store, access, 0)).await;
    }
    fails_soon("a write", add_user(store, 1)).await;
    fails_soon("the check", store.check()).await;
    remote.proxy.restore().await;
    for access in ACCESSES {
        assert!(succeeds_soon("a read", find_user(store, access, 0)).await);
    }
    succeeds_soon("a write", add_user(store, 1)).await;
    succeeds_soon("the check", store.check()).await;
}

async fn the_store_is_unavailable_while_the_server_is_frozen_and_recovers(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let store = &remote.store;
    store.check().await.expect("it works");
    for turn in 0..2 {
        // The first read finds a connection in the pool, the following operations open new ones.
        remote.proxy.freeze();
        for access in ACCESSES {
            fails_soon("a read", find_user(store, access, 0)).await;
        }
        fails_soon("a write", add_user(store, turn)).await;
        fails_soon("the check", store.check()).await;
        remote.proxy.restore().await;
        succeeds_soon("a write", add_user(store, turn)).await;
        assert!(succeeds_soon("a read", find_user(store, Access::Read, turn)).await);
    }
    // With an idle connection in the pool.
    for access in ACCESSES {
        succeeds_soon("a read", find_user(store, access, 0)).await;
        remote.proxy.freeze();
        fails_soon("a read", find_user(store, access, 0)).await;
        remote.proxy.restore().await;
    }
}

async fn transactions_on_a_frozen_server_leave_no_rows_without_a_commit(server: Server) {
    let Some(remote) = Remote::new(server, 1).await else { return };
    let store = &remote.store;
    let mut uow = store.begin(Access::Write).await.expect("it begins");
    uow.users().insert(&user(0)).await.expect("it writes");
    remote.proxy.freeze();
    fails_soon("a statement", uow.users().insert(&user(1))).await;
    drop(uow);
    remote.proxy.restore().await;

    let mut uow = succeeds_soon("a begin", store.begin(Access::Write)).await;
    uow.users().insert(&user(2)).await.expect("it writes");
    remote.proxy.freeze();
    // It is unknown whether this one was committed.
    fails_soon("a commit", uow.commit()).await;
    remote.proxy.restore().await;
    for n in [0, 1] {
        assert!(!find_user(store, Access::Read, n).await.expect("it reads"), "{n} was never committed");
    }
    succeeds_soon("a write", add_user(store, 3)).await;
}

async fn a_restart_of_the_server_fails_only_open_transactions(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let store = &remote.store;
    for n in 0..3 {
        // Fills the pool with connections, which become idle.
        let (a, b, c) =
            tokio::join!(store.begin(Access::Snapshot), store.begin(Access::Snapshot), store.begin(Access::Write));
        let (_a, _b, mut c) = (a.expect("it begins"), b.expect("it begins"), c.expect("it begins"));
        c.users().insert(&user(100 + n)).await.expect("it writes");
        remote.proxy.drop_connections().await;
        let result = c.commit().await;
        assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");

        succeeds_soon("a write", add_user(store, n)).await;
        remote.proxy.drop_connections().await;
        succeeds_soon("a read", find_user(store, Access::Read, n)).await;
        remote.proxy.drop_connections().await;
        succeeds_soon("a snapshot", find_user(store, Access::Snapshot, n)).await;
        remote.proxy.drop_connections().await;
        succeeds_soon("a write", add_user(store, n + 10)).await;
    }
}

async fn units_of_work_fail_after_the_time_limit_if_the_pool_is_exhausted(server: Server) {
    let Some(remote) = Remote::new(server, 1).await else { return };
    let store = &remote.store;
    let mut held = store.begin(Access::Write).await.expect("it begins");
    held.users().insert(&user(0)).await.expect("it writes");
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        fails_soon("a second one", find_user(store, access, 0)).await;
    }
    drop(held);
    assert!(!succeeds_soon("the next one", find_user(store, Access::Write, 0)).await);
}

async fn a_user_leaves_half_of_the_connections_to_the_others(server: Server) {
    let Some(remote) = Remote::new(server, 4).await else { return };
    let store = &remote.store;
    let begin = |n| store.begin_for(Access::Write, Some(user(n).id));
    let _half = (succeeds_soon("the first", begin(1)).await, succeeds_soon("the second", begin(1)).await);
    let (waits, other) = tokio::join!(begin(1), begin(2));
    assert!(matches!(waits, Err(StoreError::Unavailable { .. })));
    let _other = other.unwrap_or_else(|error| panic!("the other half is free: {error}"));
    succeeds_soon("a read of the server", find_user(store, Access::Read, 0)).await;
}

async fn a_frozen_server_does_not_exhaust_the_pool(server: Server) {
    let Some(remote) = Remote::new(server, 2).await else { return };
    let store = &remote.store;
    let read = || find_user(store, Access::Read, 0);
    let write = || find_user(store, Access::Write, 0);
    tokio::join!(succeeds_soon("a read", read()), succeeds_soon("a write", write()));
    remote.proxy.freeze();
    tokio::join!(
        fails_soon("1", read()),
        fails_soon("2", write()),
        fails_soon("3", read()),
        fails_soon("4", write()),
        fails_soon("5", read()),
    );
    remote.proxy.restore().await;
    tokio::join!(succeeds_soon("a read", read()), succeeds_soon("a write", write()), succeeds_soon("a read", read()));
}

/// Covers both limits: the lock timeout of the server, and the store's limit for a statement.
async fn a_writer_fails_after_the_time_limit_if_another_holds_the_row(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let store = &remote.store;
    add_user(store, 0).await.expect("it works");
    let change = async || {
        let mut uow = store.begin(Access::Write).await?;
        let mut changed = user(0);
        let from = changed.version;
        changed.version = from.next();
        uow.users().update(&changed, from).await.map(|()| uow)
    };
    let first = change().await.expect("it writes");
    let start = Instant::now();
    let second = change().await.map(drop);
    // Here the time limits of locks and of statements are the same: either one may end the wait.
    assert!(matches!(second, Err(StoreError::Contention { .. } | StoreError::Unavailable { .. })), "{second:?}");
    assert!(start.elapsed() < Duration::from_millis(2_500));
    first.commit().await.expect("it commits");
    let late = change().await.map(drop);
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
}

async fn cancelled_statements_return_their_connections(server: Server) {
    let Some(remote) = Remote::new(server, 2).await else { return };
    let store = &remote.store;
    for micros in (0..3_000).step_by(100) {
        let limit = Duration::from_micros(micros);
        let _ = tokio::time::timeout(limit, add_user(store, u128::from(micros))).await;
        let _ = tokio::time::timeout(limit, find_user(store, Access::Read, 0)).await;
        let _ = tokio::time::timeout(limit, find_user(store, Access::Snapshot, 0)).await;
    }
    tokio::join!(
        succeeds_soon("a read", find_user(store, Access::Read, 0)),
        succeeds_soon("a write", add_user(store, 1_000_000)),
        succeeds_soon("a read", find_user(store, Access::Snapshot, 0)),
    );
}

async fn opening_a_store_retries_until_the_connect_timeout(server: Server) {
    let Some(database) = server.database().await else { return };
    let proxy = Proxy::start(server.address()).await;
    proxy.cut();
    let limit = Duration::from_secs(1);
    let options = StoreOptions { connect_timeout: limit, ..StoreOptions::new(database.url_through(proxy.port())) };
    let start = Instant::now();
    let error = SeaOrmStore::open(options.clone()).await.expect_err("it does not open");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(start.elapsed() >= limit / 2 && start.elapsed() < limit * 2, "{:?}", start.elapsed());

    let mut opening = pin!(SeaOrmStore::open(options));
    tokio::time::timeout(limit / 4, &mut opening).await.expect_err("it retries");
    let (opened, ()) = tokio::join!(opening, proxy.restore());
    opened.expect("the server was available in time");
}

/// As by a proxy whose server is away.
async fn a_connection_that_is_closed_while_it_is_opened_is_retried(server: Server) {
    let Some(database) = server.database().await else { return };
    let proxy = Proxy::start(server.address()).await;
    proxy.cut_after(0);
    let limit = Duration::from_secs(1);
    let options = StoreOptions { connect_timeout: limit, ..StoreOptions::new(database.url_through(proxy.port())) };
    let error = SeaOrmStore::open(options).await.expect_err("it does not open");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

async fn errors_do_not_contain_the_password(server: Server) {
    let Some(database) = server.database().await else { return };
    let url = database.url();
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (_, location) = rest.split_once('@').expect("a user");
    let closed = location.replace(&server.address(), "127.0.0.1:1");
    for url in [
        format!("{scheme}://unknown-user:hunter2@{location}"),
        format!("{scheme}://unknown-user:hunter2@{closed}"),
        format!("{scheme}://root:hunter2@{location}&hunter2=hunter2"),
        format!("{scheme}://root:hunter2@{location}&sslmode=hunter2"),
    ] {
        let options = StoreOptions { connect_timeout: Duration::from_millis(300), ..StoreOptions::new(url) };
        let mut text = format!("{options:?}");
        // There is no error if the server accepts every user.
        if let Err(error) = SeaOrmStore::open(options).await {
            let mut cause: Option<&dyn Error> = Some(&error);
            while let Some(error) = cause {
                text.extend([error.to_string(), format!("{error:?}")]);
                cause = error.source();
            }
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}
