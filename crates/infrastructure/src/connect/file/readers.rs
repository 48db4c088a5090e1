//! Connections to a SQLite file that run one reading statement at a time.
//!
//! The driver's own pool asks a connection after each statement whether it is still there. For a file it is, and the
//! question costs as much as reading a memo: two more hand-overs between threads.

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

/// The connections; a clone shares them.
#[derive(Clone)]
pub struct Readers(Arc<Shared>);

struct Shared {
    idle: Mutex<Vec<SqliteConnection>>,
    free: Semaphore,
    connections: u32,
    patience: Duration,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("free", &self.0.free.available_permits()).finish_non_exhaustive()
    }
}

impl Readers {
    /// Opens so many connections. A statement waits for one of them at most as long as `patience`.
    pub async fn connect(options: &SqliteConnectOptions, connections: u32, patience: Duration) -> Result<Self, DbErr> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let connection = options.connect().await;
            idle.push(connection.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?);
        }
        let free = Semaphore::new(idle.len());
        Ok(Self(Arc::new(Shared { idle: Mutex::new(idle), free, connections, patience })))
    }

    /// The row that a statement finds, of which there is at most one.
    pub async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut borrowed = self.borrow().await?;
        let row = query(statement).fetch_optional(borrowed.connection()?).await.map_err(driver_error)?;
        Ok(row.map(QueryResult::from))
    }

    /// The rows that a statement finds.
    pub async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut borrowed = self.borrow().await?;
        let rows: Vec<SqliteRow> = query(statement).fetch_all(borrowed.connection()?).await.map_err(driver_error)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Waits for the statements that run, and closes the connections.
    pub async fn close(&self) {
        let _ = self.0.free.acquire_many(self.0.connections).await;
        self.0.free.close();
        let idle = std::mem::take(&mut *self.lock());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database was not closed in order");
            }
        }
    }

    async fn borrow(&self) -> Result<Borrowed<'_>, DbErr> {
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let permit = timeout(self.0.patience, self.0.free.acquire())
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

/// A connection for one statement. It goes back also where the statement is given up: the driver then stops it, and begins
/// the next one behind it.
struct Borrowed<'a> {
    readers: &'a Readers,
    connection: Option<SqliteConnection>,
    /// Dropped behind the connection, which is then there for whoever gets the permit.
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
