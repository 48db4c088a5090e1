//! How many bytes a database keeps of revisions.

use memo_conformance::edit_a_word_a_hundred_times;
use memo_domain::Store;
use sea_orm::{ConnectionTrait, Database, Statement};

/// Asserts that edits of a word, a hundred times, take a tenth of what as many whole texts would.
pub async fn assert_edits_are_small(store: &dyn Store, url: &str) {
    edit_a_word_a_hundred_times(store).await;
    let connection = Database::connect(url).await.expect("a connection");
    let lengths = "SELECT CAST(length(title) + length(tags) + length(middle) AS CHAR(20)) AS bytes FROM memo_revisions";
    let lengths = Statement::from_string(connection.get_database_backend(), lengths);
    let rows = connection.query_all_raw(lengths).await.expect("revisions");
    let bytes = rows.iter().map(|row| row.try_get::<String>("", "bytes").expect("a length"));
    let bytes: Vec<usize> = bytes.map(|bytes| bytes.trim().parse().expect("a number")).collect();
    assert_eq!(bytes.len(), 100);
    // A row has some 120 bytes of numbers and ids.
    let all = bytes.iter().sum::<usize>() + 120 * bytes.len();
    assert!(all < 500_000, "{all}");
}
