//! How migrations are applied: by one process at a time.

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
    memos::{enter_all, lacks_some},
    users::fill_in_keys,
};

/// How long a process waits for another that migrates a server's database.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the end of a connection is waited for.
const FAREWELL: Duration = Duration::from_secs(1);

/// Applies all that are pending.
pub async fn up(database: &Database) -> Result<(), StoreError> {
    migrate(database, async |transaction| {
        let pending = Migrator::get_pending_migrations(transaction).await?;
        let is_searched = pending.iter().all(|migration| migration.name() != memo_migration::SEARCH);
        Migrator::up(transaction, None).await?;
        if !is_searched || lacks_some(transaction).await? {
            enter_all(transaction).await?;
        }
        fill_in_keys(transaction).await
    })
    .await
}

/// Takes back so many, or all of them, the latest first.
pub async fn down(database: &Database, steps: Option<u32>) -> Result<(), StoreError> {
    migrate(database, async |transaction| {
        // It counts as one of the steps: otherwise a second call would take back one more than was asked for.
        let was_left = memo_migration::take_back_remains(transaction).await?;
        match steps.map(|steps| steps - u32::from(was_left && steps > 0)) {
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
        // The transaction that writes is the lock.
        Database::File(file) => {
            let transaction = file.writer().begin_with_options(dialect::sqlite_write()).await.map_err(store_error)?;
            work(&transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)
        }
        Database::Server(pool) => {
            let connection = connect_for_migrations(pool).await.map_err(store_error)?;
            let result = migrate_locked(&connection, work).await;
            // With it goes the lock, where it is still held.
            leave(connection).await;
            result
        }
    }
}

async fn migrate_locked(
    connection: &DatabaseConnection,
    work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), DbErr>,
) -> Result<(), StoreError> {
    // Also on MySQL, where it keeps nothing together: a transaction stays on the connection that holds the lock.
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
    for statement in dialect::migration_lock(backend, PATIENCE) {
        let row = match transaction.query_one_raw(Statement::from_string(backend, statement)).await {
            Err(error) if dialect::is_lock_timeout(&error) => return Err(Misuse::MigrationLocked(PATIENCE).into()),
            result => result.map_err(store_error)?,
        };
        is_locked = row.is_some_and(|row| row.try_get("", "locked") == Ok(Some(1_i64)));
    }
    if is_locked { Ok(()) } else { Err(Misuse::MigrationLocked(PATIENCE).into()) }
}

/// The migrations by name, the oldest first, and whether each is applied.
pub async fn status(database: &Database) -> Result<Vec<(String, bool)>, StoreError> {
    match database {
        Database::File(file) => read_status(file.reader()).await.map_err(store_error),
        Database::Server(pool) => {
            let connection = connect_for_migrations(pool).await.map_err(store_error)?;
            let status = timeout(pool.limits().statement, read_status(&connection)).await;
            leave(connection).await;
            status.unwrap_or(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))).map_err(store_error)
        }
    }
}

async fn read_status(connection: &DatabaseConnection) -> Result<Vec<(String, bool)>, DbErr> {
    let migrations = Migrator::get_migration_with_status_read_only(connection).await?;
    let name_and_state = |migration: sea_orm_migration::migrator::Migration| {
        (migration.name().to_owned(), migration.status() == MigrationStatus::Applied)
    };
    Ok(migrations.into_iter().map(name_and_state).collect())
}

async fn leave(connection: DatabaseConnection) {
    let _ = timeout(FAREWELL, connection.close()).await;
}
