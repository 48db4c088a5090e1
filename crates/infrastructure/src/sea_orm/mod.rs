//! The store in a relational database, by SeaORM.

mod changes;
mod connect;
mod dialect;
mod entity;
mod error;
mod memos;
mod refresh_tokens;
mod sessions;
mod unit_of_work;
mod users;
mod values;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_domain::{Access, Store, StoreError, UnitOfWork};
use memo_migration::Migrator;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, QueryTrait, TransactionTrait,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait, seaql_migrations};

use connect::Pools;
use error::{Misuse, store_error};
use memos::Lookup;
use unit_of_work::{Connection, SeaOrmUnitOfWork};

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where the database is: `sqlite:file.db` in the working directory, `sqlite:///folder/file.db` anywhere.
    /// In a path `%`, `?` and `#` are written as in every URL.
    pub url: String,
    /// How many connections read at the same time; what suits the database where nothing is said.
    pub max_connections: Option<u32>,
    /// How long a unit of work waits for a connection, and a writer for its turn.
    pub acquire_timeout: Duration,
    /// Whether each statement is logged.
    pub log_sql: bool,
}

impl StoreOptions {
    /// The options that suit most: five seconds of patience, no statements in the log.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: None, acquire_timeout: Duration::from_secs(5), log_sql: false }
    }
}

/// A store in a relational database.
#[derive(Debug)]
pub struct SeaOrmStore {
    pools: Pools,
    memo_lookup: Arc<Lookup>,
    /// Whether all migrations were seen to be applied; only this process takes them back.
    up_to_date: AtomicBool,
}

impl SeaOrmStore {
    /// Opens a store, and makes its file where that is missing. It applies no migration.
    ///
    /// # Errors
    /// Where the database can't be opened for reading and writing, or is none.
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let pools = connect::connect(&options).await?;
        let memo_lookup = Arc::new(Lookup::new(pools.reader.get_database_backend()));
        Ok(Self { pools, memo_lookup, up_to_date: AtomicBool::new(false) })
    }

    /// Applies all migrations that are pending. Of several processes that do so at once, one does and the others wait.
    ///
    /// # Errors
    /// Where one fails; none is applied then, if the database has transactions for its schema.
    pub async fn migrate_up(&self) -> Result<(), StoreError> {
        self.migrate(async |transaction| {
            let pending = Migrator::get_pending_migrations(transaction).await?;
            let is_searched = pending.iter().all(|migration| migration.name() != memo_migration::SEARCH);
            Migrator::up(transaction, None).await?;
            if is_searched { Ok(()) } else { memos::enter_all(transaction).await }
        })
        .await
    }

    /// Takes migrations back, the latest first: so many, or all of them, with all that is kept in their tables.
    ///
    /// # Errors
    /// Where one fails.
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<(), StoreError> {
        self.up_to_date.store(false, Ordering::Relaxed);
        self.migrate(async |transaction| Migrator::down(transaction, steps).await).await
    }

    /// The migrations by name, the oldest first, and whether each is applied.
    ///
    /// # Errors
    /// Where the database can't be read, or was migrated by a later version of this program.
    pub async fn migration_status(&self) -> Result<Vec<(String, bool)>, StoreError> {
        let migrations =
            Migrator::get_migration_with_status_read_only(&self.pools.reader).await.map_err(store_error)?;
        Ok(migrations
            .into_iter()
            .map(|migration| (migration.name().to_owned(), migration.status() == MigrationStatus::Applied))
            .collect())
    }

    async fn migrate(
        &self,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(), DbErr>,
    ) -> Result<(), StoreError> {
        let writer = self.pools.writer.pool();
        let options = dialect::write_transaction(writer.get_database_backend());
        let transaction = writer.begin_with_options(options).await.map_err(store_error)?;
        work(&transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}

#[async_trait]
impl Store for SeaOrmStore {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let Pools { readers, reader, writer } = &self.pools;
        let connection = match access {
            Access::Read => Connection::Readers(readers.clone()),
            Access::Snapshot => Connection::Snapshot(
                reader
                    .begin_with_options(dialect::snapshot_transaction(reader.get_database_backend()))
                    .await
                    .map_err(store_error)?,
            ),
            Access::Write => Connection::Turn(writer.begin().await.map_err(store_error)?),
        };
        Ok(Box::new(SeaOrmUnitOfWork::new(connection, reader.get_database_backend(), Arc::clone(&self.memo_lookup))))
    }

    async fn check(&self) -> Result<(), StoreError> {
        if self.up_to_date.load(Ordering::Relaxed) {
            return reach(&self.pools.reader).await;
        }
        let status = self.migration_status().await?;
        let pending: Vec<_> = status.into_iter().filter(|(_, applied)| !applied).map(|(name, _)| name).collect();
        if !pending.is_empty() {
            return Err(Misuse::PendingMigrations(pending).into());
        }
        self.up_to_date.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn close(&self) {
        self.pools.readers.close().await;
        self.pools.writer.close().await;
        // The last connection that closes tidies the file up, and has to be one that writes.
        for pool in [&self.pools.reader, self.pools.writer.pool()] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "the connections to the database were not closed in order");
            }
        }
    }
}

/// The smallest statement that reads the database itself.
async fn reach(reader: &DatabaseConnection) -> Result<(), StoreError> {
    let statement = seaql_migrations::Entity::find().build(reader.get_database_backend());
    reader.query_one_raw(statement).await.map(drop).map_err(store_error)
}
