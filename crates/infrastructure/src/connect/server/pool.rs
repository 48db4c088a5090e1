//! Connections to a server, of which each statement or transaction takes one.
//!
//! The driver's own pool pings a connection after each use, which doubles the cost of a read, and waits for the answer
//! without end: while a server is out of reach, its places stay taken by connections on which nothing will come any more.
//! Here a connection whose statement failed, took too long or was given up is closed at once.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use sea_orm::{QueryResult, Statement, sqlx};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, error::Elapsed, sleep, timeout},
};

use super::connection::{Address, Connection};
use crate::{
    dialect,
    error::{Meaning, meaning_of_driver},
};

/// A connection that was idle for longer is pinged before it is used.
const PING_AFTER: Duration = Duration::from_secs(5);
/// What was idle for longer is closed, before the server does it.
const IDLE_AT_MOST: Duration = Duration::from_secs(40);
/// How often that is looked for.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// After this time a connection is replaced: its memory on the server grows, and names may lead elsewhere by now.
const LIFETIME: Duration = Duration::from_mins(30);
/// How long the client waits for the server to keep its own limit of a statement.
const GRACE: Duration = Duration::from_millis(200);
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

/// How long things may take, and how many connections there are.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections: u32,
    pub acquire: Duration,
    pub statement: Duration,
}

/// The connections; a clone shares them.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    address: Address,
    limits: Limits,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    /// Where connections live: requests run on runtimes that end before the store is closed.
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
    /// Without a connection; the first one that is needed is made then.
    pub fn new(address: Address, limits: Limits) -> Self {
        let free = Arc::new(Semaphore::new(limits.connections as usize));
        let runtime = Handle::current();
        let pool = Self(Arc::new(Shared { address, limits, free, idle: Mutex::default(), runtime }));
        pool.0.runtime.spawn(tidy(Arc::downgrade(&pool.0)));
        pool
    }

    pub fn address(&self) -> &Address {
        &self.0.address
    }

    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// The row that a statement finds, of which there is at most one.
    pub async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, sqlx::Error> {
        let mut connection = self.acquire().await?;
        match connection.query_one(statement).await {
            Err(error) if connection.was_stale(&error) => self.renew(connection).await?.query_one(statement).await,
            result => result,
        }
    }

    /// The rows that a statement finds.
    pub async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let mut connection = self.acquire().await?;
        match connection.query_all(statement).await {
            Err(error) if connection.was_stale(&error) => self.renew(connection).await?.query_all(statement).await,
            result => result,
        }
    }

    /// A connection on which a transaction has begun.
    pub async fn begin(&self, statement: &'static str) -> Result<PooledConnection, sqlx::Error> {
        let mut connection = self.acquire().await?;
        match connection.control(statement).await {
            Err(error) if connection.was_stale(&error) => {
                connection = self.renew(connection).await?;
                connection.control(statement).await?;
            }
            result => result?,
        }
        Ok(connection)
    }

    /// Waits for a connection, or makes one.
    pub async fn acquire(&self) -> Result<PooledConnection, sqlx::Error> {
        timeout(self.0.limits.acquire, self.acquire_patiently()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Takes over a connection that was made otherwise.
    pub fn adopt(&self, connection: Connection) {
        let now = Instant::now();
        self.0.lock().push(Idle { connection, opened: now, since: now });
    }

    /// Waits for the statements that run, and closes the connections.
    pub async fn close(&self) {
        let _ = timeout(self.0.limits.statement, self.0.free.acquire_many(self.0.limits.connections)).await;
        self.0.free.close();
        self.0.leave(self.0.take_idle(|_| true)).await;
    }

    /// Another connection for one that the server had ended while it was idle. The others that were are no better.
    async fn renew(&self, stale: PooledConnection) -> Result<PooledConnection, sqlx::Error> {
        drop(stale);
        self.forget_idle();
        self.acquire().await
    }

    async fn acquire_patiently(&self) -> Result<PooledConnection, sqlx::Error> {
        let permit = self.0.free.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        // Until it succeeds: a server that starts anew is away only for a moment, and one that has no room for another
        // connection has one as soon as somebody puts theirs back.
        loop {
            while let Some(Idle { mut connection, opened, since }) = self.0.pop_idle() {
                if opened.elapsed() > LIFETIME || since.elapsed() > IDLE_AT_MOST {
                    continue;
                }
                // Half of the time is left to connect anew where a firewall has forgotten the connection.
                let is_alive = since.elapsed() < PING_AFTER
                    || matches!(timeout(self.0.limits.acquire / 2, connection.ping()).await, Ok(Ok(())));
                if is_alive {
                    let (pool, connection) = (self.clone(), Some(connection));
                    return Ok(PooledConnection { pool, connection, opened, was_idle: true, _permit: permit });
                }
                self.forget_idle();
            }
            match self.connect().await {
                Err(error) if matches!(meaning_of_driver(&error), Meaning::Unavailable) => {
                    tracing::debug!(%error, "the database is out of reach");
                    sleep(PAUSE).await;
                }
                result => {
                    let (pool, connection) = (self.clone(), Some(result?));
                    let opened = Instant::now();
                    return Ok(PooledConnection { pool, connection, opened, was_idle: false, _permit: permit });
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

    /// Drops the connections that are not in use: the next ones are made anew.
    fn forget_idle(&self) {
        drop(self.0.take_idle(|_| true));
    }
}

/// Ends a task with whoever waits for it.
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

    /// The one that was used last: the others grow old, and few are kept where few are needed.
    fn pop_idle(&self) -> Option<Idle> {
        self.lock().pop()
    }

    fn take_idle(&self, which: impl Fn(&Idle) -> bool) -> Vec<Idle> {
        self.lock().extract_if(.., |idle| which(idle)).collect()
    }

    async fn leave(&self, connections: Vec<Idle>) {
        let close = async {
            for idle in connections {
                if let Err(error) = idle.connection.close().await {
                    tracing::debug!(%error, "a connection to the database was not closed in order");
                }
            }
        };
        let _ = timeout(self.limits.acquire, close).await;
    }
}

/// Closes what is idle for long, for as long as there is a pool.
async fn tidy(pool: Weak<Shared>) {
    loop {
        sleep(TIDY_EVERY).await;
        let Some(shared) = pool.upgrade() else { return };
        let old = shared.take_idle(|idle| idle.since.elapsed() > IDLE_AT_MOST || idle.opened.elapsed() > LIFETIME);
        shared.leave(old).await;
    }
}

/// A connection in use. It goes back where its last statement ended; one that was given up, ran out of time or lost the
/// server is closed.
pub struct PooledConnection {
    pool: Pool,
    /// Taken while a statement runs: whoever gives that up drops the connection with it.
    connection: Option<Connection>,
    opened: Instant,
    was_idle: bool,
    /// Dropped behind the connection, which is then there for whoever gets the permit.
    _permit: OwnedSemaphorePermit,
}

impl PooledConnection {
    pub async fn query_one(&mut self, statement: &Statement) -> Result<Option<QueryResult>, sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.patience(), connection.query_one(statement)).await;
        self.put_back(connection, result)
    }

    pub async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.patience(), connection.query_all(statement)).await;
        self.put_back(connection, result)
    }

    pub async fn execute(&mut self, statement: &Statement) -> Result<u64, sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.patience(), connection.execute(statement)).await;
        self.put_back(connection, result)
    }

    /// Begins or ends a transaction.
    pub async fn control(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let mut connection = self.take()?;
        let result = timeout(self.pool.patience(), connection.control(statement)).await;
        self.put_back(connection, result)
    }

    /// Whether the server still knows it.
    pub const fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Closes it.
    pub fn discard(&mut self) {
        self.connection = None;
    }

    /// Where it lives.
    pub fn runtime(&self) -> Handle {
        self.pool.0.runtime.clone()
    }

    /// Whether the server ended the connection before this use of it: nothing has been done then.
    fn was_stale(&self, error: &sqlx::Error) -> bool {
        self.was_idle && !self.is_open() && !is_late(error)
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
            // Nothing came back, and nothing will on the others.
            Err(_) => {
                self.pool.forget_idle();
                Err(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time").into())
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

fn is_late(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

impl Pool {
    fn patience(&self) -> Duration {
        self.0.limits.statement + GRACE
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.pool.0.free.is_closed() {
            self.pool.0.lock().push(Idle { connection, opened: self.opened, since: Instant::now() });
        }
    }
}
