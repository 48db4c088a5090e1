//! The store in a relational database, by SeaORM.

mod audit;
mod changes;
mod connect;
mod dialect;
mod entity;
mod error;
mod identities;
mod memos;
mod migrations;
mod one_time_tokens;
mod outbox;
mod refresh_tokens;
mod second_factors;
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
use sea_orm::{EntityTrait, QueryTrait};
use sea_orm_migration::seaql_migrations;

use connect::Database;
use error::{Misuse, store_error};
use memos::Prepared;
use unit_of_work::SeaOrmUnitOfWork;

/// What a store is opened with.
#[derive(Clone)]
pub struct StoreOptions {
    /// Where the database is: `sqlite:file.db` in the working directory, `sqlite:///folder/file.db` anywhere,
    /// `postgres://user:password@host/database`, `mysql://user:password@host/database`; `postgresql:` and `mariadb:` are
    /// understood, too. Characters that a URL reads otherwise are percent-encoded.
    pub url: String,
    /// How many connections there are at most, on SQLite how many read at the same time; what suits the database where
    /// nothing is said.
    pub max_connections: Option<u32>,
    /// How long a server that is out of reach is tried at first.
    pub connect_timeout: Duration,
    /// How long a unit of work waits for a connection, and a writer on SQLite for its turn.
    pub acquire_timeout: Duration,
    /// How long a statement may take on a server; SQLite, which has no network between, takes its time.
    pub statement_timeout: Duration,
    /// Whether each statement is logged.
    pub log_sql: bool,
}

impl StoreOptions {
    /// The options that suit most: some seconds of patience, no statements in the log.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: None,
            connect_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(2),
            log_sql: false,
        }
    }
}

/// Without the URL, which may have a password in it.
impl std::fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}

/// A store in a relational database.
#[derive(Debug)]
pub struct SeaOrmStore {
    database: Database,
    prepared: Arc<Prepared>,
    /// Whether all migrations were seen to be applied; only this process takes them back.
    up_to_date: AtomicBool,
}

// The futures of the drivers are large, and nested too deep for the compiler as parts of all that waits for them.
impl SeaOrmStore {
    /// Opens a store, and makes its file where it is one and is missing. It applies no migration.
    ///
    /// # Errors
    /// Where the database can't be opened for reading and writing, or is none.
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let database = Box::pin(connect::connect(&options)).await?;
        let prepared = Arc::new(Prepared::new(database.backend()));
        Ok(Self { database, prepared, up_to_date: AtomicBool::new(false) })
    }

    /// Applies all migrations that are pending. Of several processes that do so at once, one does and the others wait, for
    /// a minute at most.
    ///
    /// # Errors
    /// Where one fails. PostgreSQL and SQLite then have none of them; MySQL, whose transactions know no schema, has the
    /// steps that succeeded, and goes on from there when this is called again.
    pub async fn migrate_up(&self) -> Result<(), StoreError> {
        Box::pin(migrations::up(&self.database)).await
    }

    /// Takes migrations back, the latest first: so many, or all of them, with all that is kept in their tables.
    ///
    /// # Errors
    /// Where one fails.
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<(), StoreError> {
        self.up_to_date.store(false, Ordering::Relaxed);
        Box::pin(migrations::down(&self.database, steps)).await
    }

    /// The migrations by name, the oldest first, and whether each is applied.
    ///
    /// # Errors
    /// Where the database can't be read, or was migrated by a later version of this program.
    pub async fn migration_status(&self) -> Result<Vec<(String, bool)>, StoreError> {
        Box::pin(migrations::status(&self.database)).await
    }
}

#[async_trait]
impl Store for SeaOrmStore {
    async fn begin(&self, access: Access) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let session = self.database.begin(access).await?;
        Ok(Box::new(SeaOrmUnitOfWork::new(session, self.database.backend(), Arc::clone(&self.prepared))))
    }

    async fn check(&self) -> Result<(), StoreError> {
        if self.up_to_date.load(Ordering::Relaxed) {
            // The smallest statement that reads the database itself.
            let statement = seaql_migrations::Entity::find().build(self.database.backend());
            let session = self.database.begin(Access::Read).await?;
            return session.query_one(statement).await.map(drop).map_err(store_error);
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
        self.database.close().await;
    }
}
