//! Connections to a SQLite file for single reading statements.
//!
//! The driver's own pool pings a connection after each statement. For a file this is needless, and the ping costs as much
//! as reading a memo: two more messages between threads.

use memo_domain::Causes;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
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
    statement_limit: Option<Duration>,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("permits", &self.0.permits).finish_non_exhaustive()
    }
}

impl Readers {
    /// Opens the connections. A statement waits for one of them for at most `acquire_timeout`, and is interrupted after
    /// `statement_limit`.
    pub async fn connect(
        options: &SqliteConnectOptions,
        connections: u32,
        acquire_timeout: Duration,
        statement_limit: Option<Duration>,
    ) -> Result<Self, DbErr> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let connection = options.connect().await;
            idle.push(connection.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?);
        }
        let permits = Permits::new(connections);
        Ok(Self(Arc::new(Shared { idle: Mutex::new(idle), permits, acquire_timeout, statement_limit })))
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
        let _interrupt = borrowed.limit().await?;
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

/// The number of SQLite's instructions after which it asks whether to go on: those of some rows.
const INSTRUCTIONS: i32 = 1_000;

/// Interrupts the statement of a connection when it is dropped, if the statement still runs.
struct Interrupt(Arc<AtomicBool>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Borrowed<'_> {
    /// Limits the time of the next statement, if these connections have a limit.
    async fn limit(&mut self) -> Result<Option<Interrupt>, DbErr> {
        let Some(limit) = self.readers.0.statement_limit else { return Ok(None) };
        let (deadline, is_dropped) = (Instant::now() + limit, Arc::new(AtomicBool::new(false)));
        let interrupt = Interrupt(is_dropped.clone());
        let mut handle = self.connection()?.lock_handle().await.map_err(driver_error)?;
        handle.set_progress_handler(INSTRUCTIONS, move || {
            !is_dropped.load(Ordering::Relaxed) && Instant::now() < deadline
        });
        Ok(Some(interrupt))
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, DbErr> {
        self.connection.as_mut().ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.readers.lock().extend(self.connection.take());
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::StoreError;
    use sea_orm::DbBackend;

    use super::*;
    use crate::error::search_error;

    #[tokio::test]
    async fn a_statement_is_interrupted_after_the_limit_and_its_connection_stays_usable() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("memo.db")).create_if_missing(true);
        let wait = Duration::from_secs(5);
        let readers = Readers::connect(&options, 1, wait, Some(Duration::from_millis(20))).await.expect("it opens");
        let select = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        for _ in 0..2 {
            let error = readers.query_all(&select(endless), None).await.map(drop).expect_err("it never ends");
            assert!(matches!(search_error(error), StoreError::Timeout { .. }));
            readers.query_all(&select("SELECT 1"), None).await.expect("the next one runs");
        }
        // A caller who has gone interrupts it, too: otherwise closing would wait for its end.
        let endless = select(endless);
        let cancelled = tokio::time::timeout(Duration::from_millis(1), readers.query_all(&endless, None));
        assert!(cancelled.await.is_err());
        readers.close().await;
    }
}
