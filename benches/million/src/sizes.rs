//! The sizes of the texts and the full-text index, and the index itself, in the SQL of each database.

use std::error::Error;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

/// Queries a number of bytes and returns it in KiB.
async fn kib(database: &DatabaseConnection, sql: &str) -> Result<f64, Box<dyn Error>> {
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await?;
    Ok(u32::try_from(row.ok_or("no row")?.try_get_by_index::<i64>(0)? >> 10)?.into())
}

/// Updates the statistics of the database, as it does by itself after a while.
pub async fn analyze(url: &str) -> Result<(), Box<dyn Error>> {
    let database = Database::connect(url).await?;
    let statements: &[&str] = match database.get_database_backend() {
        DbBackend::Postgres => &["VACUUM ANALYZE"],
        DbBackend::MySql => &["ANALYZE TABLE memos, memo_tags, memo_grams"],
        _ => &[],
    };
    for statement in statements {
        database.execute_unprepared(statement).await?;
    }
    Ok(database.close().await?)
}

/// Prints the sizes as a line of Markdown.
pub async fn print(url: &str) -> Result<(), Box<dyn Error>> {
    let database = Database::connect(url).await?;
    let (texts, index) = match database.get_database_backend() {
        DbBackend::Sqlite => (
            "SELECT SUM(LENGTH(CAST(title AS BLOB)) + LENGTH(CAST(content AS BLOB))) FROM memos",
            "SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'memo_grams%'",
        ),
        DbBackend::Postgres => (
            "SELECT SUM(OCTET_LENGTH(title) + OCTET_LENGTH(content))::bigint FROM memos",
            "SELECT pg_total_relation_size('memo_grams')::bigint",
        ),
        _ => (
            "SELECT CAST(SUM(LENGTH(title) + LENGTH(content)) AS SIGNED) FROM memos",
            "SELECT CAST(SUM(FILE_SIZE) AS SIGNED) FROM information_schema.INNODB_SYS_TABLESPACES
             WHERE NAME LIKE CONCAT(DATABASE(), '/memo@_grams') ESCAPE '@' OR NAME LIKE CONCAT(DATABASE(), '/FTS%')",
        ),
    };
    let (texts, index) = (kib(&database, texts).await?, kib(&database, index).await?);
    println!(
        "| texts · full-text index | {:.0} MiB · {:.0} MiB ({:.2} times) |",
        texts / 1024.0,
        index / 1024.0,
        index / texts
    );
    Ok(database.close().await?)
}

/// Restores the index if a failed run has left it replaced.
pub async fn restore_index(url: &str) -> Result<(), Box<dyn Error>> {
    let database = Database::connect(url).await?;
    let is_replaced = database.execute_unprepared("SELECT 1 FROM memo_grams_away WHERE 1 = 0").await.is_ok();
    database.close().await?;
    if is_replaced {
        swap_index(url, false).await?;
    }
    Ok(())
}

/// Replaces the index by one that discards all rows, or restores it. Returns whether the database supports this.
pub async fn swap_index(url: &str, replace: bool) -> Result<bool, Box<dyn Error>> {
    let database = Database::connect(url).await?;
    let statements: &[&str] = match (database.get_database_backend(), replace) {
        (DbBackend::Sqlite, true) => &[
            "DROP TRIGGER memos_removed",
            "ALTER TABLE memo_grams RENAME TO memo_grams_away",
            "CREATE VIEW memo_grams AS SELECT '' AS grams, 0 AS rowid",
            "CREATE TRIGGER keeps_nothing INSTEAD OF INSERT ON memo_grams BEGIN SELECT 1; END",
        ],
        (DbBackend::Sqlite, false) => &[
            "DROP VIEW memo_grams",
            "ALTER TABLE memo_grams_away RENAME TO memo_grams",
            "CREATE TRIGGER memos_removed AFTER DELETE ON memos BEGIN
                DELETE FROM memo_grams WHERE rowid = OLD.number;
             END",
        ],
        (DbBackend::Postgres, true) => &[
            "ALTER TABLE memo_grams RENAME TO memo_grams_away",
            "CREATE VIEW memo_grams AS SELECT grams, title, content, memo_id FROM memo_grams_away",
            "CREATE RULE keeps_nothing AS ON INSERT TO memo_grams DO INSTEAD NOTHING",
        ],
        (DbBackend::Postgres, false) => &["DROP VIEW memo_grams", "ALTER TABLE memo_grams_away RENAME TO memo_grams"],
        _ => return Ok(false),
    };
    for statement in statements {
        database.execute_unprepared(statement).await?;
    }
    database.close().await?;
    Ok(true)
}
