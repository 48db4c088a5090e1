//! Idempotent changes of a table.
//!
//! PostgreSQL and SQLite have `IF NOT EXISTS` for most of them. For the rest, and on MySQL, the database is asked first; on
//! MySQL in the same call and without a prepared statement of the driver, which a pooler would not keep.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{ConnectionTrait, DbBackend, DbErr},
};

use crate::run;

/// Adds a column, unless the table has it. `definition` has a default if the column may not be null.
pub async fn add_column(manager: &SchemaManager<'_>, table: &str, column: &str, definition: &str) -> Result<(), DbErr> {
    let add = format!("ALTER TABLE {table} ADD COLUMN {column} {definition}");
    match manager.get_database_backend() {
        DbBackend::Postgres => {
            run(manager, &[&format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {definition}")]).await
        }
        DbBackend::Sqlite if manager.has_column(table, column).await? => Ok(()),
        DbBackend::Sqlite => run(manager, &[&add]).await,
        _ => run_if(manager, &add, false, &of_column(table, column)).await,
    }
}

/// Drops a column, if the table has it.
pub async fn drop_column(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    let drop = format!("ALTER TABLE {table} DROP COLUMN {column}");
    match manager.get_database_backend() {
        DbBackend::Postgres => run(manager, &[&format!("ALTER TABLE {table} DROP COLUMN IF EXISTS {column}")]).await,
        DbBackend::Sqlite if manager.has_column(table, column).await? => run(manager, &[&drop]).await,
        DbBackend::Sqlite => Ok(()),
        _ => run_if(manager, &drop, true, &of_column(table, column)).await,
    }
}

/// Creates an index, unless there is one with this name. `columns` may end with the condition of a partial index, which
/// MySQL does not have.
pub async fn create_index(
    manager: &SchemaManager<'_>,
    table: &str,
    index: &str,
    columns: &str,
    condition: &str,
) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::MySql => {
            let create = format!("CREATE INDEX {index} ON {table} ({columns})");
            run_if(manager, &create, false, &of_index(table, index)).await
        }
        _ => run(manager, &[&format!("CREATE INDEX IF NOT EXISTS {index} ON {table} ({columns}) {condition}")]).await,
    }
}

/// Drops an index, if there is one with this name.
pub async fn drop_index(manager: &SchemaManager<'_>, table: &str, index: &str) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::MySql => {
            run_if(manager, &format!("DROP INDEX {index} ON {table}"), true, &of_index(table, index)).await
        }
        _ => run(manager, &[&format!("DROP INDEX IF EXISTS {index}")]).await,
    }
}

fn of_column(table: &str, column: &str) -> String {
    format!("columns WHERE table_schema = DATABASE() AND table_name = '{table}' AND column_name = '{column}'")
}

fn of_index(table: &str, index: &str) -> String {
    format!("statistics WHERE table_schema = DATABASE() AND table_name = '{table}' AND index_name = '{index}'")
}

/// Runs a statement on MySQL if the information schema has such rows, or if it has none.
async fn run_if(manager: &SchemaManager<'_>, statement: &str, has_rows: bool, rows: &str) -> Result<(), DbErr> {
    let (statement, compared) = (statement.replace('\'', "''"), if has_rows { ">" } else { "=" });
    let sql = format!(
        "SET @step = (SELECT IF(COUNT(*) {compared} 0, '{statement}', 'DO 0') FROM information_schema.{rows});
         PREPARE step FROM @step; EXECUTE step; DEALLOCATE PREPARE step"
    );
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}
