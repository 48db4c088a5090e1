//! Where the databases need the schema said in different words.

use sea_orm_migration::{
    sea_orm::DbBackend,
    sea_query::{
        IndexCreateStatement, MysqlQueryBuilder, PostgresQueryBuilder, SqliteQueryBuilder, TableCreateStatement,
    },
};

/// For a table of small rows: it is kept in the order of its primary key, so that a lookup descends one tree, not two.
///
/// MySQL keeps every table so, PostgreSQL none.
pub fn compact(backend: DbBackend, table: &mut TableCreateStatement) -> &mut TableCreateStatement {
    match backend {
        DbBackend::Sqlite => table.extra("WITHOUT ROWID"),
        _ => table,
    }
}

/// An index of the rows that fit a condition; of all rows where the database has no such index.
pub fn partial_index(backend: DbBackend, index: &IndexCreateStatement, condition: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("{} WHERE {condition}", index.build(SqliteQueryBuilder)),
        DbBackend::Postgres => format!("{} WHERE {condition}", index.build(PostgresQueryBuilder)),
        _ => index.build(MysqlQueryBuilder),
    }
}
