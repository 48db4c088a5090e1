//! The store: the scheme of `database.url` selects the adapter.

use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Store, StoreError};
use memo_memory::MemoryStore;
use memo_stamps::StampedStore;
use memo_system::SystemClock;

use crate::{Settings, StartError};

/// A store as it was opened, without any migration applied.
pub struct OpenedStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its schema, if it has one.
    pub schema: Option<Arc<dyn Schema>>,
    /// Whether its data outlives the process.
    pub is_durable: bool,
    /// What `memo check` calls it.
    pub name: String,
}

/// The migrations of a store.
#[async_trait]
pub trait Schema: Send + Sync {
    /// Applies all pending migrations.
    async fn migrate_up(&self) -> Result<(), StoreError>;

    /// Reverts this many migrations, the latest first.
    async fn migrate_down(&self, steps: u32) -> Result<(), StoreError>;

    /// Returns the names of all migrations, the oldest first, and whether each is applied.
    async fn status(&self) -> Result<Vec<(String, bool)>, StoreError>;

    /// Fails if the database does not allow this user to migrate.
    async fn check_changeable(&self) -> Result<(), StoreError>;
}

/// Opens the store that `database.url` names.
///
/// # Errors
/// [`StartError`] if the URL is invalid, its adapter is not built in, or the store can't be opened.
pub async fn open_store(settings: &Settings) -> Result<OpenedStore, StartError> {
    let url = settings.database_url();
    match url.expose().split_once(':') {
        Some(("memory", "")) => {
            let (store, name) = (written_here_alone(Arc::new(MemoryStore::new())), "memory".to_owned());
            Ok(OpenedStore { store, schema: None, is_durable: false, name })
        }
        Some((scheme @ ("sqlite" | "postgres" | "postgresql" | "mysql" | "mariadb"), _)) => {
            open_sql(settings, scheme.to_owned()).await
        }
        _ => Err(StartError::setting("database.url is memory:, or begins with sqlite:, postgres: or mysql:")),
    }
}

/// Wraps a store that no other process writes.
fn written_here_alone(store: Arc<dyn Store>) -> Arc<dyn Store> {
    Arc::new(StampedStore::new(store, Arc::new(SystemClock)))
}

#[cfg(feature = "sql")]
async fn open_sql(settings: &Settings, name: String) -> Result<OpenedStore, StartError> {
    use memo_infrastructure::{SeaOrmStore, StoreOptions};

    if settings.database.url.is_none() {
        crate::data_dir::make(settings)?;
    }
    let options = StoreOptions {
        read_url: settings.database.read_url.as_ref().map(|url| url.expose().to_owned()),
        pooler: settings.database.pooler,
        max_connections: settings.database.max_connections,
        acquire_timeout: *settings.database.acquire_timeout,
        statement_timeout: *settings.database.statement_timeout,
        log_sql: settings.log.sql,
        ..StoreOptions::new(settings.database_url().expose())
    };
    // Boxed: the drivers' futures nest so deeply that the compiler gives up on the size of what awaits them.
    let schema = Arc::new(Box::pin(SeaOrmStore::open(options)).await?);
    let store = if name == "sqlite" { written_here_alone(schema.clone()) } else { schema.clone() };
    Ok(OpenedStore { store, schema: Some(schema), is_durable: true, name })
}

#[cfg(not(feature = "sql"))]
#[expect(clippy::unused_async, reason = "with the feature it waits")]
async fn open_sql(_: &Settings, _: String) -> Result<OpenedStore, StartError> {
    Err(StartError::not_built_in("database.url: SQL databases", "sql"))
}

#[cfg(feature = "sql")]
#[async_trait]
impl Schema for memo_infrastructure::SeaOrmStore {
    async fn migrate_up(&self) -> Result<(), StoreError> {
        self.migrate_up().await
    }

    async fn migrate_down(&self, steps: u32) -> Result<(), StoreError> {
        self.migrate_down(Some(steps)).await
    }

    async fn status(&self) -> Result<Vec<(String, bool)>, StoreError> {
        self.migration_status().await
    }

    async fn check_changeable(&self) -> Result<(), StoreError> {
        self.check_changeable().await
    }
}
