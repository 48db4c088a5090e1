use memo_test_databases::Server;
use sea_orm::{DbBackend, Statement};

use super::{connection::Task, url};
use crate::StoreOptions;

#[tokio::test]
async fn behind_a_pooler_no_statement_and_no_setting_outlives_its_transaction() {
    let Some(database) = Server::Postgres.database().await else { return };
    for pooler in [false, true] {
        let options = StoreOptions { pooler, ..StoreOptions::new(database.url()) };
        let address = url::parse(DbBackend::Postgres, &options.url, &options).expect("a valid URL");
        let mut connection = address.connect().await.expect("a connection");
        // Keeps the value that it has outside a transaction.
        let note = "SELECT set_config('memo.outside', current_setting('statement_timeout'), false)";
        connection.run(Task::End(note)).await.expect("it is noted");
        let select = "SELECT current_setting('memo.outside') <> current_setting('statement_timeout') AS is_local,
            current_setting('statement_timeout') AS inside, (SELECT count(*) FROM pg_prepared_statements) AS kept";
        let select = Statement::from_string(DbBackend::Postgres, select);
        for _ in 0..2 {
            connection.run(Task::Query(&select)).await.expect("it is selected");
        }
        let rows = connection.run(Task::Query(&select)).await.expect("it is selected").rows;
        assert_eq!(rows[0].try_get::<String>("", "inside").expect("a text"), "2s", "{pooler}");
        assert_eq!(rows[0].try_get::<bool>("", "is_local").expect("a boolean"), pooler);
        assert_eq!(rows[0].try_get::<i64>("", "kept").expect("a number") > 0, !pooler);
    }
}
