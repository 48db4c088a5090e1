//! Databases that can't be used: they can't hold every text, or their user may not change the schema.

use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database};

use crate::{Remote, name_of, on_servers, texts};

on_servers! {
    a_database_that_cannot_hold_every_text_is_refused
    a_user_who_may_not_change_the_schema_is_found
}

async fn a_database_that_cannot_hold_every_text_is_refused(server: Server) {
    let Some(remote) = Remote::new(server, 1).await else { return };
    let url = remote.database.url();
    let (name, connection) = (name_of(&url), Database::connect(&url).await.expect("a connection"));
    let cases: &[(&str, &str)] = match server {
        Server::Postgres => &[("LATIN1", "LATIN1"), ("EUC_KR", "EUC_KR"), ("SQL_ASCII", "SQL_ASCII")],
        Server::MySql => &[("latin1", "latin1"), ("utf8mb3", "utf8mb3"), ("euckr", "euckr")],
    };
    for (encoding, says) in cases {
        let (statement, url) = match server {
            Server::Postgres => (
                format!("CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"),
                url.replacen("/postgres?", &format!("/{name}?"), 1),
            ),
            Server::MySql => (
                format!("ALTER TABLE users MODIFY display_name varchar(50) CHARACTER SET {encoding} NOT NULL"),
                url.clone(),
            ),
        };
        connection.execute_unprepared(&statement).await.expect("it is prepared");
        let error = SeaOrmStore::open(StoreOptions::new(url)).await.expect_err("refused");
        let text = texts(&error);
        assert!(!error.is_retryable() && text.contains(says) && text.to_lowercase().contains("utf8"), "{text}");
        if server == Server::Postgres {
            connection.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("it is dropped");
        }
    }
}

async fn a_user_who_may_not_change_the_schema_is_found(server: Server) {
    let Some(remote) = Remote::without_schema(server, 1).await else { return };
    let url = remote.database.url();
    let (name, connection) = (name_of(&url), Database::connect(&url).await.expect("a connection"));
    let (create, allow, cleanup) = match server {
        Server::Postgres => (
            format!("CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA {name} TO {name}"),
            format!("GRANT CREATE ON SCHEMA {name} TO {name}"),
            format!("DROP OWNED BY {name}; DROP ROLE {name}"),
        ),
        Server::MySql => (
            format!("CREATE USER {name}; GRANT SELECT, INSERT, UPDATE, DELETE, DROP ON {name}.* TO {name}"),
            format!("GRANT ALL PRIVILEGES ON {name}.* TO {name}"),
            format!("DROP USER {name}"),
        ),
    };
    connection.execute_unprepared(&create).await.expect("the user is created");
    let own = url.replacen("postgres@", &format!("{name}@"), 1).replacen("root@", &format!("{name}@"), 1);
    let store = SeaOrmStore::open(StoreOptions::new(own)).await.expect("it opens");
    let error = store.check_changeable().await.expect_err("refused");
    assert!(texts(&error).contains("GRANT"), "{}", texts(&error));
    connection.execute_unprepared(&allow).await.expect("it is granted");
    store.check_changeable().await.expect("allowed");
    store.migrate_up().await.expect("and it is");
    memo_domain::Store::close(&store).await;
    connection.execute_unprepared(&cleanup).await.expect("the user is dropped");
}
