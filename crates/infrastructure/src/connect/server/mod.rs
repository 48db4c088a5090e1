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

use super::{Session, driver_error, permits::Owner};
use crate::{
    dialect,
    error::{Meaning, meaning_of_driver},
    options::StoreOptions,
};
use pool::Limits;
pub use pool::Pool;
pub use transaction::Transaction;

/// The default number of connections: enough for one node, and several nodes fit into a server's default limit.
const DEFAULT_CONNECTIONS: u32 = 10;
/// The delay between two attempts to reach the server.
const RETRY_DELAY: Duration = Duration::from_millis(200);

#[derive(Debug, Error)]
enum OpenError {
    #[error("the database server at {address} can't be reached")]
    Unreachable { address: String, source: sqlx::Error },
    #[error("the database server at {address} refused the connection")]
    Refused { address: String, source: sqlx::Error },
    #[error("the database at {address} {reason}")]
    Unsuitable { address: String, reason: String },
}

/// Opens a pool. Retries for `options.connect_timeout` if the server can't be reached, since it may be starting.
pub async fn connect(backend: DbBackend, options: &StoreOptions) -> Result<Pool, StoreError> {
    let address = url::parse(backend, options)?;
    let limits = Limits {
        connections: options.max_connections.unwrap_or(DEFAULT_CONNECTIONS).max(1),
        acquire: options.acquire_timeout,
        statement: options.statement_timeout,
    };
    let pool = Pool::new(address, limits);
    connect_first(&pool, options.connect_timeout).await?;
    Ok(pool)
}

#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
async fn connect_first(pool: &Pool, connect_timeout: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + connect_timeout;
    let address = pool.address().to_string();
    loop {
        let error = match timeout(connect_timeout, connect_and_examine(pool)).await {
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some(reason))) => {
                return Err(StoreError::Other { source: OpenError::Unsuitable { address, reason }.into() });
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        if !matches!(meaning_of_driver(&error), Meaning::Unavailable) {
            return Err(StoreError::Other { source: OpenError::Refused { address, source: error }.into() });
        }
        if Instant::now() + RETRY_DELAY >= deadline {
            return Err(StoreError::Unavailable { source: OpenError::Unreachable { address, source: error }.into() });
        }
        sleep(RETRY_DELAY).await;
    }
}

/// Opens a connection, and returns why the database can't be used, if there is a reason.
async fn connect_and_examine(pool: &Pool) -> Result<Option<String>, sqlx::Error> {
    let mut connection = pool.address().connect(Some(pool.limits().statement)).await?;
    let row = connection.query_one(&dialect::text_limits(pool.backend())).await?;
    pool.add(connection);
    Ok(row.map(|row| row.try_get("", "reason").unwrap_or_default()))
}

/// Opens separate connections for migrations, whose statements may take any time.
pub async fn connect_for_migrations(pool: &Pool) -> Result<DatabaseConnection, DbErr> {
    let limit = pool.limits().acquire;
    match timeout(limit, pool.address().connect_by_pool(limit)).await {
        Ok(result) => result.map_err(driver_error),
        Err(_) => Err(driver_error(sqlx::Error::PoolTimedOut)),
    }
}

impl Pool {
    pub fn backend(&self) -> DbBackend {
        self.address().backend()
    }

    /// Begins the session of a unit of work.
    pub async fn session(&self, access: Access, owner: Owner) -> Result<Session, sqlx::Error> {
        let backend = self.backend();
        Ok(match access {
            Access::Read => Session::ServerReads(self.clone(), owner),
            Access::Snapshot => {
                Session::ServerSnapshot(Transaction::begin(self, owner, dialect::begin_snapshot(backend)).await?)
            }
            Access::Write => {
                Session::ServerWrite(Transaction::begin(self, owner, dialect::begin_write(backend)).await?)
            }
        })
    }
}
