//! Connections to a server: PostgreSQL, MySQL or MariaDB.

mod connection;
mod pool;
mod transaction;
mod url;

use std::time::Duration;

use memo_domain::{Access, StoreError};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, sqlx};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use super::{Session, driver_error};
use crate::{
    StoreOptions, dialect,
    error::{Meaning, meaning_of_driver},
};
use pool::Limits;
pub use pool::Pool;
pub use transaction::Transaction;

/// As many as one node makes good use of, and several nodes have room for at a server with its usual settings.
const CONNECTIONS: u32 = 10;
/// Between two attempts to reach the server.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Error)]
enum OpenError {
    #[error("the database server at {address} is out of reach")]
    OutOfReach { address: String, source: sqlx::Error },
    #[error("the database server at {address} refuses to be used")]
    Refused { address: String, source: sqlx::Error },
}

/// Opens the connections. A server that is out of reach is tried for a while, since it may be starting, too.
pub async fn connect(backend: DbBackend, options: &StoreOptions) -> Result<Pool, StoreError> {
    let address = url::parse(backend, options)?;
    let limits = Limits {
        connections: options.max_connections.unwrap_or(CONNECTIONS).max(1),
        acquire: options.acquire_timeout,
        statement: options.statement_timeout,
    };
    let pool = Pool::new(address, limits);
    reach(&pool, options.connect_timeout).await?;
    Ok(pool)
}

async fn reach(pool: &Pool, patience: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + patience;
    let address = pool.address().to_string();
    loop {
        let error = match timeout(patience, pool.address().connect(Some(pool.limits().statement))).await {
            Ok(Ok(connection)) => {
                pool.adopt(connection);
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        if !matches!(meaning_of_driver(&error), Meaning::Unavailable) {
            return Err(StoreError::Other { source: OpenError::Refused { address, source: error }.into() });
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(StoreError::Unavailable { source: OpenError::OutOfReach { address, source: error }.into() });
        }
        sleep(PAUSE).await;
    }
}

/// A connection apart from the others, for what migrates: its statements may take as long as they need.
pub async fn connect_for_migrations(pool: &Pool) -> Result<DatabaseConnection, DbErr> {
    let patience = pool.limits().acquire;
    match timeout(patience, pool.address().connect_by_pool(patience)).await {
        Ok(result) => result.map_err(driver_error),
        Err(_) => Err(driver_error(sqlx::Error::PoolTimedOut)),
    }
}

impl Pool {
    pub fn backend(&self) -> DbBackend {
        self.address().backend()
    }

    /// Begins what the statements of a unit of work run on.
    pub async fn session(&self, access: Access) -> Result<Session, sqlx::Error> {
        let backend = self.backend();
        Ok(match access {
            Access::Read => Session::ServerReads(self.clone()),
            Access::Snapshot => {
                Session::ServerSnapshot(Transaction::begin(self, dialect::begin_snapshot(backend)).await?)
            }
            Access::Write => Session::ServerWrite(Transaction::begin(self, dialect::begin_write(backend)).await?),
        })
    }
}
