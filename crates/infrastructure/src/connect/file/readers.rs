//! Connections to a SQLite file for single reading statements.
//!
//! The driver's own pool pings a connection after each statement. For a file this is needless, and the ping costs as much
//! as reading a memo: two more messages between threads.

use memo_domain::Causes;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{
    ConnAcquireErr, DbErr, QueryResult, RuntimeErr, Statement,
    sqlx::{
        ConnectOptions, Connection, SqliteConnection,
        sqlite::{SqliteConnectOptions, SqliteRow},
    },
};
use tokio::time::timeout;

use crate::connect::{
    driver_error,
    permits::{Owner, Permit, Permits, Refusal},
    query,
};

/// A pool of reading connections. Clones share them.
#[derive(Clone)]
pub struct Readers(Arc<Shared>);

struct Shared {
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Permits,
    acquire_timeout: Duration,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("permits", &self.0.permits).finish_non_exhaustive()
    }
}

impl Readers {
    /// Opens the connections. A statement waits for one of them for at most `acquire_timeout`.
    pub async fn connect(
        options: &SqliteConnectOptions,
        connections: u32,
        acquire_timeout: Duration,
    ) -> Result<Self, DbErr> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let connection = options.connect().await;
            idle.push(connection.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?);
        }
        let permits = Permits::new(connections);
        Ok(Self(Arc::new(Shared { idle: Mutex::new(idle), permits, acquire_timeout })))
    }

    /// Returns the row of a statement that selects at most one.
    pub async fn query_one(&self, statement: &Statement, owner: Owner) -> Result<Option<QueryResult>, DbErr> {
        let mut borrowed = self.borrow(owner).await?;
        let row = query(statement).fetch_optional(borrowed.connection()?).await.map_err(driver_error)?;
        Ok(row.map(QueryResult::from))
    }

    /// Returns the rows that a statement selects.
    pub async fn query_all(&self, statement: &Statement, owner: Owner) -> Result<Vec<QueryResult>, DbErr> {
        let mut borrowed = self.borrow(owner).await?;
        let rows: Vec<SqliteRow> = query(statement).fetch_all(borrowed.connection()?).await.map_err(driver_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        self.0.permits.close().await;
        let idle = std::mem::take(&mut *self.lock());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(error = %Causes(&error), "closing a connection to the database failed");
            }
        }
    }

    async fn borrow(&self, owner: Owner) -> Result<Borrowed<'_>, DbErr> {
        let permit = acquire(&self.0.permits, owner, self.0.acquire_timeout).await?;
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let connection = self.lock().pop().ok_or_else(closed)?;
        Ok(Borrowed { readers: self, connection: Some(connection), _permit: permit })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a permit, within a time limit.
pub async fn acquire(permits: &Permits, owner: Owner, limit: Duration) -> Result<Permit, DbErr> {
    let error = match timeout(limit, permits.acquire(owner)).await {
        Ok(Ok(permit)) => return Ok(permit),
        Ok(Err(Refusal::Closed)) => ConnAcquireErr::ConnectionClosed,
        Ok(Err(Refusal::Busy)) | Err(_) => ConnAcquireErr::Timeout,
    };
    Err(DbErr::ConnectionAcquire(error))
}

/// A connection for one statement. When dropped, it returns to the pool, also if the statement was cancelled: the driver
/// then stops that statement before it runs the next one.
struct Borrowed<'a> {
    readers: &'a Readers,
    connection: Option<SqliteConnection>,
    /// Dropped last: the connection is back in the pool when the permit is free.
    _permit: Permit,
}

impl Borrowed<'_> {
    fn connection(&mut self) -> Result<&mut SqliteConnection, DbErr> {
        self.connection.as_mut().ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.readers.lock().extend(self.connection.take());
    }
}
