//! Encrypted connections.

use memo_domain::Store;
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::name_of;

/// Other tests connect without TLS, to save its handshake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_encrypted_if_the_server_offers_it() {
    let Some(database) = Server::Postgres.database().await else { return };
    let url = database.url();
    let store = SeaOrmStore::open(StoreOptions::new(url.replace("sslmode=disable&", ""))).await.expect("it opens");
    let observer = Database::connect(&url).await.expect("a connection");
    let select = format!(
        "SELECT current_setting('ssl')::boolean AS offered, bool_and(ssl) AS encrypted \
         FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE application_name = '{}' AND pid <> pg_backend_pid()",
        name_of(&url)
    );
    let statement = Statement::from_string(observer.get_database_backend(), select);
    let row = observer.query_one_raw(statement).await.expect("it runs").expect("a row");
    let value = |name| row.try_get::<bool>("", name).expect("a boolean");
    assert_eq!(value("encrypted"), value("offered"));
    store.close().await;
}
