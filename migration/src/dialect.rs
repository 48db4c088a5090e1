//! Where the databases need the schema said in different words.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

/// A table with its indexes.
pub struct TableWithIndexes {
    pub table: TableCreateStatement,
    pub indexes: Vec<IndexCreateStatement>,
    /// Indexes of the rows that fit a condition; of all rows where the database has no such index.
    pub partial_indexes: Vec<(IndexCreateStatement, &'static str)>,
}

impl TableWithIndexes {
    pub fn new(table: TableCreateStatement, indexes: impl IntoIterator<Item = IndexCreateStatement>) -> Self {
        Self { table, indexes: indexes.into_iter().collect(), partial_indexes: Vec::new() }
    }
}

/// Makes tables, then their indexes.
///
/// MySQL keeps each statement at once, whatever becomes of the migration. There a table is made with all that belongs to
/// it, or not at all, so that the migration can be repeated from its start.
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
    for made in &tables {
        manager.create_table(made.table.clone()).await?;
    }
    for index in tables.iter().flat_map(|made| &made.indexes) {
        manager.create_index(index.clone()).await?;
    }
    for (index, condition) in tables.iter().flat_map(|made| &made.partial_indexes) {
        let index = match backend {
            DbBackend::Sqlite => index.build(SqliteQueryBuilder),
            _ => index.build(PostgresQueryBuilder),
        };
        manager.get_connection().execute_unprepared(&format!("{index} WHERE {condition}")).await?;
    }
    Ok(())
}

/// On MySQL, which keeps each step at once: counts a migration as taken back before its first step. Whoever is stopped in the
/// middle then applies it anew, rather than taking it for applied.
pub async fn forget(manager: &SchemaManager<'_>, migration: &str) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    if backend == DbBackend::MySql {
        let forget = "DELETE FROM seaql_migrations WHERE version = ?";
        let forget = Statement::from_sql_and_values(backend, forget, [migration.into()]);
        manager.get_connection().execute_raw(forget).await?;
    }
    Ok(())
}

/// Drops tables, in this order: first those that belong to others.
///
/// On MySQL, which keeps each of these steps at once, `migration` counts as taken back and the rows of `root`, on which all
/// others hang, are gone before the first table is: whoever is stopped in the middle leaves no table whose rows lack those
/// that belong to them, and the migration can be applied anew.
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

/// For a table of small rows: it is kept in the order of its primary key, so that a lookup descends one tree, not two.
///
/// MySQL keeps every table so, PostgreSQL none.
pub fn compact(backend: DbBackend, table: &mut TableCreateStatement) -> TableCreateStatement {
    match backend {
        DbBackend::Sqlite => table.extra("WITHOUT ROWID").take(),
        _ => table.take(),
    }
}

/// A text that is compared byte by byte, whatever the language of the database; of so many characters at most.
pub fn key(backend: DbBackend, column: impl IntoIden, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    match backend {
        DbBackend::Sqlite => column.string_len(length),
        DbBackend::Postgres => column.custom(format!("varchar({length}) COLLATE \"C\"")),
        // A collation of text would take texts for equal that differ in the spaces at their end.
        _ => column.var_binary(4 * length),
    };
    column.take()
}

/// A text of more than 64 kB.
pub fn long_text(backend: DbBackend, column: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(column);
    match backend {
        DbBackend::MySql => column.custom("mediumtext"),
        _ => column.text(),
    };
    column.take()
}
