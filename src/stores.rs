//! Which adapter keeps everything: the scheme of `database.url` says.

use std::sync::Arc;

use memo_domain::Store;
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_memory::MemoryStore;

use crate::{Settings, StartError, data_dir};

/// Opens the store, with its schema up to date.
pub async fn open(settings: &Settings) -> Result<Arc<dyn Store>, StartError> {
    // Boxed: the futures of the drivers nest so deeply that the compiler gives up on the size of what awaits them.
    match Box::pin(open_sql(settings)).await? {
        Some(store) => {
            store.migrate_up().await?;
            Ok(Arc::new(store))
        }
        None => Ok(Arc::new(MemoryStore::new())),
    }
}

/// Opens the store as it is; `None` where it is not one of SQL.
pub async fn open_sql(settings: &Settings) -> Result<Option<SeaOrmStore>, StartError> {
    let url = settings.database_url();
    match url.expose().split_once(':').map(|(scheme, _)| scheme) {
        Some("memory") => Ok(None),
        Some("sqlite" | "postgres" | "postgresql" | "mysql" | "mariadb") => {
            if settings.database.url.is_none() {
                data_dir::make(settings)?;
            }
            let options = StoreOptions {
                max_connections: settings.database.max_connections,
                acquire_timeout: *settings.database.acquire_timeout,
                statement_timeout: *settings.database.statement_timeout,
                log_sql: settings.log.sql,
                ..StoreOptions::new(url.expose())
            };
            Ok(Some(SeaOrmStore::open(options).await?))
        }
        _ => {
            Err(StartError::Unusable("settings: database.url begins with sqlite:, postgres:, mysql: or memory:".into()))
        }
    }
}
