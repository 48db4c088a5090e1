//! The schema after each migration: a released migration is frozen, and this notices a change of it.

use std::{fs, path::Path};

use memo_migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

/// Applies the migrations one after the other, and compares the schema after each with its file in `migration/schema`. A
/// missing file, that of a new migration, is written, and the test fails this time.
pub async fn assert_frozen(connection: &DatabaseConnection) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migration/schema");
    let (database, queries) = match connection.get_database_backend() {
        DbBackend::Sqlite => ("sqlite", SQLITE),
        DbBackend::Postgres => ("postgres", POSTGRES),
        _ => ("mysql", MYSQL),
    };
    for migration in Migrator::migrations() {
        Migrator::up(connection, Some(1)).await.expect("the migration is applied");
        let schema = describe(connection, queries).await;
        let file = folder.join(format!("{}.{database}.txt", migration.name()));
        let Ok(expected) = fs::read_to_string(&file) else {
            fs::write(&file, schema).expect("the schema is written");
            panic!("{} was missing: review and commit it", file.display());
        };
        assert_eq!(schema, expected, "{} has changed: a change of the schema is a new migration", migration.name());
    }
}

/// One line for each row of the queries, sorted.
async fn describe(connection: &DatabaseConnection, queries: &[&str]) -> String {
    let mut lines = Vec::new();
    for query in queries {
        let statement = Statement::from_string(connection.get_database_backend(), *query);
        for row in connection.query_all_raw(statement).await.expect("the schema is read") {
            let line: String = row.try_get("", "line").expect("a text");
            lines.push(line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
        }
    }
    lines.sort();
    lines.concat()
}

const SQLITE: &[&str] = &["SELECT sql AS line FROM sqlite_schema
    WHERE sql IS NOT NULL AND name <> 'seaql_migrations' AND name NOT LIKE 'memo!_grams!_%' ESCAPE '!'"];

const POSTGRES: &[&str] = &[
    "SELECT concat_ws(' ', c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN l.collname <> 'default' THEN 'COLLATE ' || l.collname END, CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)) AS line
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
        AND c.relname NOT IN ('seaql_migrations', 'leases')",
    "SELECT replace(tablename || ' ' || indexdef, current_schema() || '.', '') AS line FROM pg_indexes
     WHERE schemaname = current_schema() AND tablename NOT IN ('seaql_migrations', 'leases')",
    "SELECT replace(concat_ws(' ', r.relname, 'constraint', n.conname, pg_get_constraintdef(n.oid)),
        current_schema() || '.', '') AS line
     FROM pg_constraint n JOIN pg_class r ON r.oid = n.conrelid
     WHERE r.relnamespace = current_schema()::regnamespace AND n.contype <> 'n'
        AND r.relname NOT IN ('seaql_migrations', 'leases')",
    "SELECT 'sequence ' || relname AS line FROM pg_class
     WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace",
];

// The display width of integers differs between the versions.
const MYSQL: &[&str] = &[
    "SELECT CONCAT_WS(' ', table_name, 'column', column_name,
        CASE data_type WHEN 'tinyint' THEN 'tinyint' WHEN 'smallint' THEN 'smallint' WHEN 'bigint' THEN 'bigint'
            ELSE column_type END,
        collation_name, IF(is_nullable = 'NO', 'NOT NULL', NULL), extra) AS line
     FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name NOT IN ('seaql_migrations', 'leases')",
    "SELECT CONCAT_WS(' ', table_name, IF(non_unique, 'index', 'unique index'), index_name, index_type,
        GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ')) AS line
     FROM information_schema.statistics
     WHERE table_schema = DATABASE() AND table_name NOT IN ('seaql_migrations', 'leases')
     GROUP BY table_name, non_unique, index_name, index_type",
    "SELECT CONCAT_WS(' ', k.table_name, 'constraint', k.constraint_name, k.column_name, 'references',
        k.referenced_table_name, k.referenced_column_name, r.delete_rule) AS line
     FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
     WHERE k.table_schema = DATABASE()",
];
