//! Servers that can be read, but not written to. Their codes are raised by triggers.

use memo_domain::{Access, Store, StoreError, Unwritable};
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::{Remote, add_user, find_user, on_servers};

on_servers! {
    a_server_that_refuses_writes_is_unwritable_and_still_read
    a_server_without_room_or_shutting_down_is_unavailable
    a_read_only_server_is_found_by_the_check
}

const TABLES: [(&str, &str); 2] = [("users", "INSERT"), ("seaql_migrations", "UPDATE")];

/// Makes each insert of a user, and each update of a migration, fail with a code of the server.
async fn raise(server: Server, connection: &DatabaseConnection, code: &str) {
    for (table, operation) in TABLES {
        let statements = match server {
            Server::Postgres => format!(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$;
                 CREATE OR REPLACE TRIGGER refuse BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
            ),
            Server::MySql => format!(
                "CREATE OR REPLACE TRIGGER refuse_{table} BEFORE {operation} ON {table} FOR EACH ROW
                 SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}"
            ),
        };
        connection.execute_unprepared(&statements).await.expect("the trigger is created");
    }
}

async fn recover(server: Server, connection: &DatabaseConnection) {
    for (table, _) in TABLES {
        let statement = match server {
            Server::Postgres => format!("DROP TRIGGER refuse ON {table}"),
            Server::MySql => format!("DROP TRIGGER refuse_{table}"),
        };
        connection.execute_unprepared(&statement).await.expect("the trigger is dropped");
    }
}

fn is_unwritable(result: &Result<(), StoreError>, expected: Unwritable) -> bool {
    matches!(result, Err(StoreError::Unwritable { why, .. }) if *why == expected)
}

async fn a_server_that_refuses_writes_is_unwritable_and_still_read(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let (store, connection) = (&remote.store, Database::connect(remote.database.url()).await.expect("a connection"));
    add_user(store, 0).await.expect("it writes");
    store.check().await.expect("it is writable");
    let codes: &[(&str, Unwritable)] = match server {
        Server::Postgres => &[
            ("53100", Unwritable::Full),
            ("25006", Unwritable::ReadOnly),
            ("42501", Unwritable::ReadOnly),
            ("58030", Unwritable::Failing),
        ],
        Server::MySql => &[
            ("20", Unwritable::Full),
            ("28", Unwritable::Full),
            ("1021", Unwritable::Full),
            ("1114", Unwritable::Full),
            ("1036", Unwritable::ReadOnly),
            ("1142", Unwritable::ReadOnly),
            ("1290", Unwritable::ReadOnly),
            ("1792", Unwritable::ReadOnly),
            ("1836", Unwritable::ReadOnly),
            ("3", Unwritable::Failing),
            ("1026", Unwritable::Failing),
            ("1030", Unwritable::Failing),
        ],
    };
    let first = async || {
        let sql = "SELECT applied_at FROM seaql_migrations ORDER BY version LIMIT 1";
        let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
        row.expect("it reads").expect("a row").try_get_by_index::<i64>(0).expect("a number")
    };
    let before = first().await;
    for (number, (code, expected)) in (1..).zip(codes) {
        raise(server, &connection, code).await;
        let written = add_user(store, number).await;
        assert!(is_unwritable(&written, *expected), "{code}: {written:?}");
        let checked = store.check().await;
        assert!(is_unwritable(&checked, *expected), "{code}: {checked:?}");
        assert!(find_user(store, Access::Read, 0).await.expect("it reads"), "{code}");
        assert!(find_user(store, Access::Snapshot, 0).await.expect("it reads"), "{code}");
        recover(server, &connection).await;
        store.check().await.expect("it is writable again");
        add_user(store, number).await.expect("it writes again");
    }
    // By which a replica that lags behind is recognized.
    assert_eq!(first().await, before);
}

async fn a_server_without_room_or_shutting_down_is_unavailable(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let (store, connection) = (&remote.store, Database::connect(remote.database.url()).await.expect("a connection"));
    let codes: &[&str] = match server {
        Server::Postgres => &["53000", "53200", "53300", "53400", "57P01", "57P02", "57P03", "57P05"],
        Server::MySql => &["1040", "1041", "1047", "1053", "1203", "1927", "3168"],
    };
    for code in codes {
        raise(server, &connection, code).await;
        let written = add_user(store, 0).await;
        assert!(matches!(written, Err(StoreError::Unavailable { .. })), "{code}: {written:?}");
        recover(server, &connection).await;
    }
    add_user(store, 0).await.expect("it writes again");
}

/// PostgreSQL by its setting, MariaDB by the privileges of the user.
async fn a_read_only_server_is_found_by_the_check(server: Server) {
    let Some(remote) = Remote::new(server, 3).await else { return };
    let (url, connection) =
        (remote.database.url(), Database::connect(remote.database.url()).await.expect("a connection"));
    add_user(&remote.store, 0).await.expect("it writes");
    let name = url.split(['/', '?']).nth(3).expect("a database").to_owned();
    let read_only = match server {
        Server::Postgres => url.replacen("options=", "options=-cdefault_transaction_read_only%3Don%20", 1),
        Server::MySql => {
            let statement = format!("CREATE USER {name}; GRANT SELECT ON {name}.* TO {name}");
            connection.execute_unprepared(&statement).await.expect("the user is created");
            url.replacen("root@", &format!("{name}@"), 1)
        }
    };
    let store = SeaOrmStore::open(StoreOptions::new(read_only)).await.expect("it opens");
    for checked in [store.check().await, add_user(&store, 1).await, store.check().await] {
        assert!(is_unwritable(&checked, Unwritable::ReadOnly), "{checked:?}");
    }
    assert!(find_user(&store, Access::Read, 0).await.expect("it reads"));
    store.close().await;
    if server == Server::MySql {
        connection.execute_unprepared(&format!("DROP USER {name}")).await.expect("the user is dropped");
    }
}
