//! The schemas of servers.

#[path = "../support/frozen.rs"]
mod frozen;

use memo_test_databases::Server;
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::{Remote, on_servers};

on_servers! {
    each_migration_is_frozen
    every_table_has_a_primary_key
}

async fn each_migration_is_frozen(server: Server) {
    let Some(database) = server.database().await else { return };
    let connection = Database::connect(database.url()).await.expect("a connection");
    frozen::assert_frozen(&connection).await;
}

/// A cluster replicates rows by it.
async fn every_table_has_a_primary_key(server: Server) {
    let Some(remote) = Remote::new(server, 1).await else { return };
    let connection = Database::connect(remote.database.url()).await.expect("a connection");
    let schema = if server == Server::Postgres { "current_schema()" } else { "DATABASE()" };
    let statement = format!(
        "SELECT CAST(table_name AS CHAR(64)) AS name FROM information_schema.tables t
         WHERE table_schema = {schema} AND NOT EXISTS (SELECT 1 FROM information_schema.table_constraints c
            WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name AND constraint_type = 'PRIMARY KEY')"
    );
    let statement = Statement::from_string(connection.get_database_backend(), statement);
    let rows = connection.query_all_raw(statement).await.expect("tables are listed");
    let without: Vec<String> = rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect();
    assert!(without.is_empty(), "{without:?}");
}
