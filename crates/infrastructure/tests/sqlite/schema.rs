//! The schema of a SQLite file.

#[path = "../support/schema.rs"]
mod schema;

use sea_orm::Database;

#[tokio::test]
async fn each_migration_is_frozen() {
    let connection = Database::connect("sqlite::memory:").await.expect("a database");
    schema::assert_frozen(&connection).await;
}
