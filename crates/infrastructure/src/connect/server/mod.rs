//! Connections to a server: PostgreSQL, MySQL or MariaDB.

mod connection;
mod pool;
mod replica;
#[cfg(test)]
mod tests;
mod unprepared;
mod url;

use std::{sync::Arc, time::Duration};

use memo_domain::{Access, Source, StoreError};
use sea_orm::{DbBackend, sqlx};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Session, driver_error, permits::Owner};
use crate::{
    dialect,
    error::{Meaning, meaning_of_driver, store_error},
    options::StoreOptions,
};
use connection::Task;
pub use pool::Place;
use pool::{Limits, Pool};
pub use replica::Reads;
use replica::Replica;
pub use unprepared::Unprepared;

/// The default number of connections: enough for one node, and several nodes fit into a server's default limit.
const DEFAULT_CONNECTIONS: u32 = 10;
/// The delay between two attempts to reach the server.
const RETRY_DELAY: Duration = Duration::from_millis(200);

#[derive(Debug, Error)]
enum OpenError {
    #[error("the database server at {address} can't be reached")]
    Unreachable { address: String, source: Source },
    #[error("the database server at {address} refused the connection")]
    Refused { address: String, source: Source },
    #[error("the database at {address} {reason}")]
    Unsuitable { address: String, reason: String },
}

/// The connections to a server, and to a replica of it if there is one.
#[derive(Debug)]
pub struct Server {
    primary: Pool,
    replica: Option<Arc<Replica>>,
}

/// Opens the connections. Retries for `options.connect_timeout` if the server can't be reached, since it may be starting.
pub async fn connect(backend: DbBackend, options: &StoreOptions) -> Result<Server, StoreError> {
    let limits = Limits {
        connections: options.max_connections.unwrap_or(DEFAULT_CONNECTIONS).max(1),
        acquire: options.acquire_timeout,
        statement: options.statement_timeout,
    };
    let primary = Pool::new(url::parse(backend, &options.url, options)?, limits);
    connect_first(&primary, options.connect_timeout).await?;
    let replica = match &options.read_url {
        Some(url) => Some(Arc::new(replica::open(&primary, url, options).await?)),
        None => None,
    };
    Ok(Server { primary, replica })
}

#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
async fn connect_first(pool: &Pool, connect_timeout: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + connect_timeout;
    let address = pool.address().to_string();
    loop {
        let error = match timeout_at(deadline, connect_and_examine(pool)).await {
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some(reason))) => {
                return Err(StoreError::Other { source: OpenError::Unsuitable { address, reason }.into() });
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        let is_refused = !matches!(meaning_of_driver(&error), Meaning::Unavailable);
        let source = shown(error);
        if is_refused {
            return Err(StoreError::Other { source: OpenError::Refused { address, source }.into() });
        }
        if Instant::now() + RETRY_DELAY >= deadline {
            return Err(StoreError::Unavailable { source: OpenError::Unreachable { address, source }.into() });
        }
        sleep(RETRY_DELAY).await;
    }
}

/// The server's own text of its error: the driver adds the line in the source code of PostgreSQL.
fn shown(error: sqlx::Error) -> Source {
    match error.as_database_error() {
        Some(error) => error.message().into(),
        None => error.into(),
    }
}

/// Opens a connection, and returns why the database can't be used, if there is a reason.
async fn connect_and_examine(pool: &Pool) -> Result<Option<String>, sqlx::Error> {
    let mut connection = pool.address().connect().await?;
    let reasons = connection.run(Task::Query(&dialect::text_limits(pool.backend()))).await?.rows;
    pool.add(connection);
    Ok(reasons.first().map(|row| row.try_get("", "reason").unwrap_or_default()))
}

impl Server {
    pub fn backend(&self) -> DbBackend {
        self.primary.backend()
    }

    /// The time limit of a statement.
    pub fn statement_limit(&self) -> Duration {
        self.primary.limits().statement
    }

    /// Begins the session of a unit of work.
    pub async fn begin(&self, access: Access, owner: Owner) -> Result<Session, StoreError> {
        Ok(match access {
            Access::Read => Session::ServerReads(Reads::new(self.primary.clone(), self.replica.clone(), owner)),
            Access::Snapshot => Session::ServerSnapshot(self.primary.begin(access, owner).await?),
            Access::Write => Session::ServerWrite(self.primary.begin(access, owner).await?),
        })
    }

    /// Opens separate connections for migrations, whose statements may take any time.
    pub async fn connect_for_migrations(&self) -> Result<Unprepared, StoreError> {
        let limit = self.primary.limits().acquire;
        let connected = timeout(limit, self.primary.address().connect_by_pool(limit)).await;
        let connected = connected.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        connected.map(Unprepared::new).map_err(driver_error).map_err(store_error)
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        self.primary.close().await;
        if let Some(replica) = &self.replica {
            replica.close().await;
        }
    }
}
