//! A pool of connections to a server. Each statement outside a transaction, and each transaction, takes one connection.
//!
//! The driver's own pool pings a connection after each use, which doubles the cost of a read, and waits for the response
//! without a limit: while a server can't be reached, dead connections keep all places of that pool. This pool closes a
//! connection as soon as its statement fails, times out or is cancelled.

use memo_domain::Causes;
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use sea_orm::{QueryResult, Statement, sqlx};
use tokio::{
    runtime::Handle,
    time::{Instant, error::Elapsed, sleep, timeout},
};

use super::connection::{Address, Connection};
use crate::{
    connect::permits::{Owner, Permit, Permits, Refusal},
    dialect,
    error::{Meaning, meaning_of_driver},
};

/// A connection that was idle for longer is pinged before it is used.
const PING_AFTER: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is closed, before the server does so.
const MAX_IDLE: Duration = Duration::from_secs(40);
/// How often idle connections are checked.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(10);
/// The maximum age of a connection: its memory on the server grows, and the host name may resolve elsewhere by now.
const MAX_AGE: Duration = Duration::from_mins(30);
/// How much longer than the server's own limit the client waits for a statement.
const GRACE: Duration = Duration::from_millis(200);
/// The delay between two attempts to connect.
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// The size and the time limits of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections: u32,
    pub acquire: Duration,
    pub statement: Duration,
}

/// A pool of connections. Clones share them.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    address: Address,
    limits: Limits,
    permits: Permits,
    idle: Mutex<Vec<Idle>>,
    /// The runtime that drives the connections: requests run on other runtimes, which end before the store is closed.
    runtime: Handle,
}

struct Idle {
    connection: Connection,
    opened: Instant,
    since: Instant,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

impl Pool {
    /// Creates an empty pool, which connects when the first connection is needed.
    pub fn new(address: Address, limits: Limits) -> Self {
        let permits = Permits::new(limits.connections);
        let runtime = Handle::current();
        let pool = Self(Arc::new(Shared { address, limits, permits, idle: Mutex::default(), runtime }));
        pool.0.runtime.spawn(clean_up(Arc::downgrade(&pool.0)));
        pool
    }

    pub fn address(&self) -> &Address {
        &self.0.address
    }

    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Returns the row of a statement that selects at most one.
    pub async fn query_one(&self, statement: &Statement, owner: Owner) -> Result<Option<QueryResult>, sqlx::Error> {
        let mut connection = self.acquire(owner).await?;
        match connection.query_one(statement).await {
            Err(error) if connection.was_stale(&error) => self.replace(connection).await?.query_one(statement).await,
            result => result,
        }
    }

    /// Returns the rows that a statement selects.
    pub async fn query_all(&self, statement: &Statement, owner: Owner) -> Result<Vec<QueryResult>, sqlx::Error> {
        let mut connection = self.acquire(owner).await?;
        match connection.query_all(statement).await {
            Err(error) if connection.was_stale(&error) => self.replace(connection).await?.query_all(statement).await,
            result => result,
        }
    }

    /// Returns a connection on which `statement` has begun a transaction.
    pub async fn begin(&self, owner: Owner, statement: &'static str) -> Result<PooledConnection, sqlx::Error> {
        let mut connection = self.acquire(owner).await?;
        match connection.control(statement).await {
            Err(error) if connection.was_stale(&error) => {
                connection = self.replace(connection).await?;
                connection.control(statement).await?;
            }
            result => result?,
        }
        Ok(connection)
    }

    /// Returns an idle connection or opens one, within the limit `acquire`.
    async fn acquire(&self, owner: Owner) -> Result<PooledConnection, sqlx::Error> {
        timeout(self.0.limits.acquire, self.acquire_with_retries(owner)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Adds a connection that was opened outside the pool.
    pub fn add(&self, connection: Connection) {
        let now = Instant::now();
        self.0.lock().push(Idle { connection, opened: now, since: now });
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        let _ = timeout(self.0.limits.statement, self.0.permits.close()).await;
        self.0.close_all(self.0.take_idle(|_| true)).await;
    }

    /// Replaces a connection that the server closed while it was idle, and drops the other idle ones, which are probably
    /// closed as well.
    async fn replace(&self, stale: PooledConnection) -> Result<PooledConnection, sqlx::Error> {
        let owner = stale.owner;
        drop(stale);
        self.drop_idle();
        self.acquire(owner).await
    }

    #[expect(clippy::disallowed_methods, reason = "waits before a retry")]
    async fn acquire_with_retries(&self, owner: Owner) -> Result<PooledConnection, sqlx::Error> {
        let permit = self.0.permits.acquire(owner).await.map_err(|refusal| match refusal {
            Refusal::Closed => sqlx::Error::PoolClosed,
            Refusal::Busy => sqlx::Error::PoolTimedOut,
        })?;
        // Retries until the caller's time limit: a restarting server is away only for a moment, and a full one has room
        // again as soon as another client closes a connection.
        loop {
            while let Some(Idle { mut connection, opened, since }) = self.0.pop_idle() {
                if opened.elapsed() > MAX_AGE || since.elapsed() > MAX_IDLE {
                    continue;
                }
                // Leaves half of the time to open another connection if a firewall has dropped this one.
                let is_alive = since.elapsed() < PING_AFTER
                    || matches!(timeout(self.0.limits.acquire / 2, connection.ping()).await, Ok(Ok(())));
                if is_alive {
                    let (pool, connection) = (self.clone(), Some(connection));
                    return Ok(PooledConnection { pool, connection, opened, was_idle: true, owner, _permit: permit });
                }
                self.drop_idle();
            }
            match self.connect().await {
                Err(error) if matches!(meaning_of_driver(&error), Meaning::Unavailable) => {
                    tracing::debug!(error = %Causes(&error), "the database can't be reached");
                    sleep(RETRY_DELAY).await;
                }
                result => {
                    let (pool, connection) = (self.clone(), Some(result?));
                    let opened = Instant::now();
                    return Ok(PooledConnection { pool, connection, opened, was_idle: false, owner, _permit: permit });
                }
            }
        }
    }

    async fn connect(&self) -> Result<Connection, sqlx::Error> {
        let shared = self.0.clone();
        let connect = async move { shared.address.connect(Some(shared.limits.statement)).await };
        let mut task = AbortOnDrop(self.0.runtime.spawn(connect));
        (&mut task.0).await.unwrap_or(Err(sqlx::Error::PoolClosed))
    }

    /// Drops all idle connections.
    fn drop_idle(&self) {
        drop(self.0.take_idle(|_| true));
    }
}

/// Aborts a task when its caller is cancelled.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the connection that was used last, so that surplus connections reach `MAX_IDLE`.
    fn pop_idle(&self) -> Option<Idle> {
        self.lock().pop()
    }

    fn take_idle(&self, predicate: impl Fn(&Idle) -> bool) -> Vec<Idle> {
        self.lock().extract_if(.., |idle| predicate(idle)).collect()
    }

    async fn close_all(&self, connections: Vec<Idle>) {
        let close = async {
            for idle in connections {
                if let Err(error) = idle.connection.close().await {
                    tracing::debug!(error = %Causes(&error), "closing a connection to the database failed");
                }
            }
        };
        let _ = timeout(self.limits.acquire, close).await;
    }
}

/// Closes idle and old connections periodically, until the pool is dropped.
#[expect(clippy::disallowed_methods, reason = "waits for the next run")]
async fn clean_up(pool: Weak<Shared>) {
    loop {
        sleep(CLEANUP_INTERVAL).await;
        let Some(shared) = pool.upgrade() else { return };
        let old = shared.take_idle(|idle| idle.since.elapsed() > MAX_IDLE || idle.opened.elapsed() > MAX_AGE);
        shared.close_all(old).await;
    }
}

/// A connection in use. When dropped, it returns to the pool, unless its last statement was cancelled, timed out or lost
/// the server: then it is closed.
pub struct PooledConnection {
    pool: Pool,
    /// `None` while a statement runs, so that cancelling the statement drops the connection.
    connection: Option<Connection>,
    opened: Instant,
    was_idle: bool,
    owner: Owner,
    /// Dropped last: the connection is back in the pool when the permit is free.
    _permit: Permit,
}

impl PooledConnection {
    pub async fn query_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.statement_timeout(), connection.query_one(statement)).await;
        self.put_back(connection, result)
    }

    pub async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.statement_timeout(), connection.query_all(statement)).await;
        self.put_back(connection, result)
    }

    pub async fn execute(&mut self, statement: &Statement) -> Result<u64, sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.statement_timeout(), connection.execute(statement)).await;
        self.put_back(connection, result)
    }

    /// Runs a statement that begins or ends a transaction.
    pub async fn control(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.statement_timeout(), connection.control(statement)).await;
        self.put_back(connection, result)
    }

    /// Whether the connection is still usable.
    pub const fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Closes the connection instead of returning it to the pool.
    pub fn discard(&mut self) {
        self.connection = None;
    }

    /// The runtime that drives the connection.
    pub fn runtime(&self) -> Handle {
        self.pool.0.runtime.clone()
    }

    /// Whether the server had closed the idle connection before this statement, which therefore did not run.
    fn was_stale(&self, error: &sqlx::Error) -> bool {
        self.was_idle && !self.is_open() && !is_timeout(error)
    }

    fn take(&mut self) -> Result<Connection, sqlx::Error> {
        self.connection.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    }

    fn put_back<T>(
        &mut self,
        connection: Connection,
        result: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, sqlx::Error> {
        match result {
            // The server did not respond; the other connections are probably dead as well.
            Err(_) => {
                self.pool.drop_idle();
                Err(io::Error::new(io::ErrorKind::TimedOut, "the database did not respond in time").into())
            }
            Ok(Err(sqlx::Error::Database(error))) if !dialect::ends_connection(error.as_ref()) => {
                self.connection = Some(connection);
                Err(sqlx::Error::Database(error))
            }
            Ok(Err(error)) => Err(error),
            Ok(Ok(value)) => {
                self.connection = Some(connection);
                Ok(value)
            }
        }
    }
}

fn is_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

impl Pool {
    fn statement_timeout(&self) -> Duration {
        self.0.limits.statement + GRACE
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.pool.0.permits.is_closed() {
            self.pool.0.lock().push(Idle { connection, opened: self.opened, since: Instant::now() });
        }
    }
}
