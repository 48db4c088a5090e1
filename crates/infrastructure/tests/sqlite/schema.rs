//! The schema of a SQLite file.

#[path = "../support/frozen.rs"]
mod frozen;

use sea_orm::Database;

#[tokio::test]
async fn each_migration_is_frozen() {
    let connection = Database::connect("sqlite::memory:").await.expect("a database");
    frozen::assert_frozen(&connection).await;
}
