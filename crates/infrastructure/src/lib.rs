//! A store in a relational database (SQLite, PostgreSQL, MySQL or MariaDB), built on SeaORM.

mod api_keys;
mod audit;
mod changes;
mod connect;
mod dialect;
mod error;
mod executor;
mod grams;
mod idempotency;
mod identities;
mod jobs;
mod lease;
mod likes;
mod memos;
mod migrations;
mod one_time_tokens;
mod options;
mod prepared;
mod refresh_tokens;
mod revisions;
mod row;
mod second_factors;
mod sessions;
mod shares;
mod unit_of_work;
mod usage;
mod users;
mod values;
mod webhooks;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use memo_domain::{Access, Store, StoreError, UnitOfWork, UserId};
use sea_orm::{EntityTrait, QueryTrait};
use sea_orm_migration::seaql_migrations;

use connect::{Cost, Database};
use error::Misuse;
pub use options::StoreOptions;
use prepared::Prepared;
use unit_of_work::SeaOrmUnitOfWork;

/// A store in a relational database.
#[derive(Debug)]
pub struct SeaOrmStore {
    database: Database,
    prepared: Arc<Prepared>,
    /// Whether `check` has seen that all migrations are applied; `migrate_down` resets it.
    up_to_date: AtomicBool,
    /// Whether a write has failed with [`StoreError::Unwritable`], and `check` has not seen one succeed since.
    is_unwritable: Arc<AtomicBool>,
}

// The futures of the drivers are large and deeply nested: boxed, so that the compiler can handle their callers.
impl SeaOrmStore {
    /// Opens a store and creates a missing SQLite file. It applies no migrations.
    ///
    /// # Errors
    /// If the URL is invalid, or the database can't be opened for reading and writing.
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let database = Box::pin(connect::connect(&options)).await?;
        let prepared = Arc::new(memos::prepare(database.backend()));
        Ok(Self { database, prepared, up_to_date: AtomicBool::new(false), is_unwritable: Arc::default() })
    }

    /// Applies all pending migrations. If several processes do so at the same time, one runs them and the others wait, for
    /// at most a minute.
    ///
    /// # Errors
    /// If a migration fails. PostgreSQL and SQLite then roll back all of them. MySQL, which commits each schema change,
    /// keeps the completed steps, and the next call continues after them.
    pub async fn migrate_up(&self) -> Result<(), StoreError> {
        Box::pin(migrations::up(&self.database)).await
    }

    /// Reverts the latest `steps` migrations, or all of them, and deletes the data in their tables.
    ///
    /// # Errors
    /// If one of them fails.
    pub async fn migrate_down(&self, steps: Option<u32>) -> Result<(), StoreError> {
        self.up_to_date.store(false, Ordering::Relaxed);
        Box::pin(migrations::down(&self.database, steps)).await
    }

    /// Checks whether the user of the database may change its schema. On MySQL it creates, changes and drops a table
    /// `memo_check`, as privileges may come from roles and patterns.
    ///
    /// # Errors
    /// If the user may not, or the database can't be reached.
    pub async fn check_changeable(&self) -> Result<(), StoreError> {
        Box::pin(migrations::check_changeable(&self.database)).await
    }

    /// Writes something if a write has failed, to find out whether it still does. A server is always asked whether it would
    /// accept a write, without one; of a SQLite file, the first write shows it.
    async fn check_writing(&self) -> Result<(), StoreError> {
        let has_failed = self.is_unwritable.load(Ordering::Relaxed);
        let Some(statement) = dialect::write_check(self.database.backend(), has_failed) else { return Ok(()) };
        let mut session = self.database.begin(Access::Write, None).await?;
        session.execute(statement, Cost::Small).await?;
        session.commit().await?;
        self.is_unwritable.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the names of the migrations, oldest first, and whether each is applied.
    ///
    /// # Errors
    /// If the database can't be read, or has migrations of a later version of this program.
    pub async fn migration_status(&self) -> Result<Vec<(String, bool)>, StoreError> {
        Box::pin(migrations::status(&self.database)).await
    }
}

#[async_trait]
impl Store for SeaOrmStore {
    async fn begin_for(&self, access: Access, user: Option<UserId>) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let session = self.database.begin(access, user).await?;
        let (backend, prepared) = (self.database.backend(), Arc::clone(&self.prepared));
        Ok(Box::new(SeaOrmUnitOfWork::new(session, backend, prepared, Arc::clone(&self.is_unwritable))))
    }

    async fn check(&self) -> Result<(), StoreError> {
        if self.up_to_date.load(Ordering::Relaxed) {
            // The cheapest statement that reads the database itself.
            let statement = seaql_migrations::Entity::find().build(self.database.backend());
            let mut session = self.database.begin(Access::Read, None).await?;
            session.find_one::<()>(statement, Cost::Small).await?;
            return self.check_writing().await;
        }
        let status = self.migration_status().await?;
        let pending: Vec<_> = status.into_iter().filter(|(_, applied)| !applied).map(|(name, _)| name).collect();
        if !pending.is_empty() {
            return Err(Misuse::PendingMigrations(pending).into());
        }
        self.up_to_date.store(true, Ordering::Relaxed);
        self.check_writing().await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
