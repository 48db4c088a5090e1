//! Applies and reverts migrations, in one process at a time.

use std::time::Duration;

use memo_domain::StoreError;
use memo_migration::Migrator;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, Statement, TransactionTrait,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait};
use tokio::time::timeout;

use super::{
    connect::{Database, connect_for_migrations},
    dialect,
    error::{Misuse, store_error},
    memos::{index_all, is_index_incomplete},
    users::backfill_name_keys,
};

/// How long a process waits while another one migrates a server's database.
const LOCK_TIMEOUT: Duration = Duration::from_mins(1);
/// How long closing a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Applies all pending migrations, and backfills the rows that they need.
pub async fn up(database: &Database) -> Result<(), StoreError> {
    migrate(database, async |transaction| {
        let pending = Migrator::get_pending_migrations(transaction).await?;
        let adds_index = pending.iter().any(|migration| migration.name() == memo_migration::SEARCH);
        Migrator::up(transaction, None).await?;
        if adds_index || is_index_incomplete(transaction).await? {
            index_all(transaction).await?;
        }
        backfill_name_keys(transaction).await
    })
    .await
}

/// Reverts the latest `steps` migrations, or all of them.
pub async fn down(database: &Database, steps: Option<u32>) -> Result<(), StoreError> {
    migrate(database, async |transaction| {
        // Counts as one of the steps: otherwise, repeating an interrupted call would revert one migration too many.
        let was_interrupted = memo_migration::revert_interrupted(transaction).await?;
        match steps.map(|steps| steps - u32::from(was_interrupted && steps > 0)) {
            Some(0) => Ok(()),
            steps => Migrator::down(transaction, steps).await,
        }
    })
    .await
}

/// Runs `work` in a transaction, while no other process migrates.
async fn migrate(
    database: &Database,
    work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), DbErr>,
) -> Result<(), StoreError> {
    match database {
        // The write transaction is the lock.
        Database::File(file) => {
            let connection = file.connect_for_migrations().await?;
            let transaction = connection.begin_with_options(dialect::sqlite_write()).await.map_err(store_error)?;
            work(&transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
            close(connection).await;
            Ok(())
        }
        Database::Server(pool) => {
            let connection = connect_for_migrations(pool).await.map_err(store_error)?;
            let result = migrate_locked(&connection, work).await;
            // Also releases the lock if it is still held.
            close(connection).await;
            result
        }
    }
}

async fn migrate_locked(
    connection: &DatabaseConnection,
    work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), DbErr>,
) -> Result<(), StoreError> {
    // On MySQL, each schema change commits by itself, but the transaction keeps all statements on the connection that holds
    // the lock.
    let transaction = connection.begin().await.map_err(store_error)?;
    lock(&transaction).await?;
    work(&transaction).await.map_err(store_error)?;
    if let Some(unlock) = dialect::migration_unlock(connection.get_database_backend()) {
        transaction.execute_unprepared(unlock).await.map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)
}

async fn lock(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    let backend = transaction.get_database_backend();
    let mut is_locked = false;
    for statement in dialect::migration_lock(backend, LOCK_TIMEOUT) {
        let row = match transaction.query_one_raw(Statement::from_string(backend, statement)).await {
            Err(error) if dialect::is_lock_timeout(&error) => return Err(Misuse::MigrationLocked(LOCK_TIMEOUT).into()),
            result => result.map_err(store_error)?,
        };
        is_locked = row.is_some_and(|row| row.try_get("", "locked") == Ok(Some(1_i64)));
    }
    if is_locked { Ok(()) } else { Err(Misuse::MigrationLocked(LOCK_TIMEOUT).into()) }
}

/// Returns the names of the migrations, oldest first, and whether each is applied.
pub async fn status(database: &Database) -> Result<Vec<(String, bool)>, StoreError> {
    match database {
        Database::File(file) => {
            let connection = file.connect_for_migrations().await?;
            let status = read_status(&connection).await.map_err(store_error);
            close(connection).await;
            status
        }
        Database::Server(pool) => {
            let connection = connect_for_migrations(pool).await.map_err(store_error)?;
            let status = timeout(pool.limits().statement, read_status(&connection)).await;
            close(connection).await;
            status.unwrap_or(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))).map_err(store_error)
        }
    }
}

/// Fails if the user of the database may not create tables, or change those that exist.
pub async fn check_changeable(database: &Database) -> Result<(), StoreError> {
    // A SQLite file was opened for writing.
    let Database::Server(pool) = database else { return Ok(()) };
    let backend = pool.backend();
    let connection = connect_for_migrations(pool).await.map_err(store_error)?;
    let mut result = Ok(true);
    for statement in dialect::changeable(backend) {
        let row = connection.query_one_raw(Statement::from_string(backend, *statement)).await;
        result = row.map(|row| row.is_none_or(|row| row.try_get("", "allowed") == Ok(true)));
        if !matches!(result, Ok(true)) {
            break;
        }
    }
    close(connection).await;
    match result {
        Ok(true) => Ok(()),
        Ok(false) => Err(Misuse::SchemaNotChangeable(dialect::grant_of_changes(backend), None).into()),
        Err(error) => match store_error(error.clone()) {
            StoreError::Unwritable { .. } => {
                Err(Misuse::SchemaNotChangeable(dialect::grant_of_changes(backend), Some(error)).into())
            }
            other => Err(other),
        },
    }
}

async fn read_status(connection: &DatabaseConnection) -> Result<Vec<(String, bool)>, DbErr> {
    let migrations = Migrator::get_migration_with_status_read_only(connection).await?;
    let name_and_state = |migration: sea_orm_migration::migrator::Migration| {
        (migration.name().to_owned(), migration.status() == MigrationStatus::Applied)
    };
    Ok(migrations.into_iter().map(name_and_state).collect())
}

async fn close(connection: DatabaseConnection) {
    let _ = timeout(CLOSE_TIMEOUT, connection.close()).await;
}
