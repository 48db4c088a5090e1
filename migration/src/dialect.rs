//! The differences between the databases in schema definitions.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

/// A table with its indexes.
pub struct TableWithIndexes {
    pub table: TableCreateStatement,
    pub indexes: Vec<IndexCreateStatement>,
    /// Partial indexes with their conditions; on MySQL, which has none, they index all rows.
    pub partial_indexes: Vec<(IndexCreateStatement, &'static str)>,
}

impl TableWithIndexes {
    pub fn new(table: TableCreateStatement, indexes: impl IntoIterator<Item = IndexCreateStatement>) -> Self {
        Self { table, indexes: indexes.into_iter().collect(), partial_indexes: Vec::new() }
    }
}

/// Creates tables, then their indexes.
///
/// MySQL commits each statement by itself. There, each table is created together with its indexes by one statement, so that
/// an interrupted migration can be repeated from its beginning.
pub async fn create(manager: &SchemaManager<'_>, tables: Vec<TableWithIndexes>) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    if backend == DbBackend::MySql {
        for TableWithIndexes { mut table, mut indexes, partial_indexes } in tables {
            indexes.extend(partial_indexes.into_iter().map(|(index, _)| index));
            for index in &mut indexes {
                table.index(index);
            }
            table.if_not_exists().engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
            manager.create_table(table).await?;
        }
        return Ok(());
    }
    for TableWithIndexes { table, .. } in &tables {
        manager.create_table(table.clone()).await?;
    }
    for index in tables.iter().flat_map(|table| &table.indexes) {
        manager.create_index(index.clone()).await?;
    }
    for (index, condition) in tables.iter().flat_map(|table| &table.partial_indexes) {
        let index = match backend {
            DbBackend::Sqlite => index.build(SqliteQueryBuilder),
            _ => index.build(PostgresQueryBuilder),
        };
        manager.get_connection().execute_unprepared(&format!("{index} WHERE {condition}")).await?;
    }
    Ok(())
}

/// On MySQL, which commits each step, records a migration as reverted before its first step is. If the process is
/// interrupted, the migration is then applied again instead of counting as applied.
pub async fn forget(manager: &SchemaManager<'_>, migration: &str) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    if backend == DbBackend::MySql {
        let forget = "DELETE FROM seaql_migrations WHERE version = ?";
        let forget = Statement::from_sql_and_values(backend, forget, [migration.into()]);
        manager.get_connection().execute_raw(forget).await?;
    }
    Ok(())
}

/// Drops tables in the given order, in which a table comes before the ones that it references.
///
/// On MySQL, which commits each step, `migration` is first recorded as reverted, and all rows of `root`, which all other
/// rows reference, are deleted. If the process is interrupted then, no rows are left without the rows that belong to them,
/// and the migration can be applied again.
pub async fn drop<T: IntoIden + Copy + 'static>(
    manager: &SchemaManager<'_>,
    migration: &str,
    root: T,
    tables: impl IntoIterator<Item = T>,
) -> Result<(), DbErr> {
    forget(manager, migration).await?;
    if manager.get_database_backend() == DbBackend::MySql && manager.has_table(root.into_iden().to_string()).await? {
        manager.get_connection().execute(Query::delete().from_table(root)).await?;
    }
    for table in tables {
        manager.drop_table(Table::drop().table(table).if_exists().take()).await?;
    }
    Ok(())
}

/// Stores a table of small rows in the order of its primary key, so that a lookup descends one tree instead of two.
///
/// MySQL stores every table in this way, PostgreSQL none.
pub fn compact(backend: DbBackend, table: &mut TableCreateStatement) -> TableCreateStatement {
    match backend {
        DbBackend::Sqlite => table.extra("WITHOUT ROWID").take(),
        _ => table.take(),
    }
}

/// A text column of at most `length` characters that is compared byte by byte, independently of collations.
pub fn key(backend: DbBackend, column: impl IntoIden, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    match backend {
        DbBackend::Sqlite => column.string_len(length),
        DbBackend::Postgres => column.custom(format!("varchar({length}) COLLATE \"C\"")),
        // Text collations consider texts equal that differ only in trailing spaces.
        _ => column.var_binary(4 * length),
    };
    column.take()
}

/// A text column for more than 64 kB.
pub fn long_text(backend: DbBackend, column: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    match backend {
        DbBackend::MySql => column.custom("mediumtext"),
        _ => column.text(),
    };
    column.take()
}

/// Bytes, up to 16 MB.
pub fn bytes(backend: DbBackend, column: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    match backend {
        DbBackend::MySql => column.custom("mediumblob"),
        _ => column.blob(),
    };
    column.take()
}
