//! Connections to a SQLite file for single reading statements.
//!
//! The driver's own pool pings a connection after each statement. For a file this is needless, and the ping costs as much
//! as reading a memo: two more messages between threads.

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
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::connect::{driver_error, query};

/// A pool of reading connections. Clones share them.
#[derive(Clone)]
pub struct Readers(Arc<Shared>);

struct Shared {
    idle: Mutex<Vec<SqliteConnection>>,
    free: Semaphore,
    connections: u32,
    acquire_timeout: Duration,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("free", &self.0.free.available_permits()).finish_non_exhaustive()
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
        let free = Semaphore::new(idle.len());
        Ok(Self(Arc::new(Shared { idle: Mutex::new(idle), free, connections, acquire_timeout })))
    }

    /// Returns the row of a statement that selects at most one.
    pub async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut borrowed = self.borrow().await?;
        let row = query(statement).fetch_optional(borrowed.connection()?).await.map_err(driver_error)?;
        Ok(row.map(QueryResult::from))
    }

    /// Returns the rows that a statement selects.
    pub async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut borrowed = self.borrow().await?;
        let rows: Vec<SqliteRow> = query(statement).fetch_all(borrowed.connection()?).await.map_err(driver_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        let _ = self.0.free.acquire_many(self.0.connections).await;
        self.0.free.close();
        let idle = std::mem::take(&mut *self.lock());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "closing a connection to the database failed");
            }
        }
    }

    async fn borrow(&self) -> Result<Borrowed<'_>, DbErr> {
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let permit = timeout(self.0.acquire_timeout, self.0.free.acquire())
            .await
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?
            .map_err(|_| closed())?;
        let connection = self.lock().pop().ok_or_else(closed)?;
        Ok(Borrowed { readers: self, connection: Some(connection), _permit: permit })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for one statement. When dropped, it returns to the pool, also if the statement was cancelled: the driver
/// then stops that statement before it runs the next one.
struct Borrowed<'a> {
    readers: &'a Readers,
    connection: Option<SqliteConnection>,
    /// Dropped last: the connection is back in the pool when the permit is free.
    _permit: SemaphorePermit<'a>,
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
