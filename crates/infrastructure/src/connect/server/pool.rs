//! A pool of connections to a server: a [`Set`] of places, each with a connection from its first use on.
//!
//! The driver's own pool pings a connection after each use, which doubles the cost of a read, and waits for the response
//! without a limit: while a server can't be reached, dead connections keep all places of that pool. Here a connection is
//! closed as soon as its statement fails, times out or is cancelled.

use std::{
    io, mem,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use memo_domain::{Access, Causes, StoreError};
use sea_orm::{DbBackend, QueryResult, Statement, sqlx};
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::connection::{Address, Connection, Outcome, Task};
use crate::{
    connect::{
        Cost, driver_error,
        permits::{Owner, Permit},
        set::{Lent, Loan, Set},
    },
    dialect,
    error::{Meaning, meaning_of_driver, search_error, store_error},
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
    places: Set<Place>,
    server: Arc<Server>,
}

/// What the places of a pool have in common.
struct Server {
    address: Address,
    limits: Limits,
    /// The runtime that drives the connections: requests run on other runtimes, which end before the store is closed.
    runtime: Handle,
    /// When a connection was last found to be dead. Those that have been idle since are probably dead as well.
    last_death: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("limits", &self.0.server.limits).finish_non_exhaustive()
    }
}

impl Pool {
    /// Creates an empty pool, which connects when the first connection is needed.
    pub fn new(address: Address, limits: Limits) -> Self {
        let server = Arc::new(Server { address, limits, runtime: Handle::current(), last_death: Mutex::default() });
        let places = std::iter::repeat_with(|| Place::new(Arc::clone(&server))).take(limits.connections as usize);
        let places = Set::new(places.collect(), limits.acquire);
        let pool = Self(Arc::new(Shared { places, server }));
        pool.0.server.runtime.spawn(clean_up(Arc::downgrade(&pool.0)));
        pool
    }

    pub fn address(&self) -> &Address {
        &self.0.server.address
    }

    pub fn backend(&self) -> DbBackend {
        self.address().backend()
    }

    pub fn limits(&self) -> Limits {
        self.0.server.limits
    }

    /// Returns the rows that a statement selects.
    pub async fn query(&self, statement: &Statement, owner: Owner, cost: Cost) -> Result<Vec<QueryResult>, StoreError> {
        self.borrow(owner).await?.query(statement, cost).await
    }

    /// Begins a transaction. If its connection is returned without a commit, it is rolled back.
    pub async fn begin(&self, access: Access, owner: Owner) -> Result<Loan<Place>, StoreError> {
        let mut place = self.borrow(owner).await?;
        place.run(Task::Begin(access)).await.map_err(driver_error).map_err(store_error)?;
        Ok(place)
    }

    /// Begins a transaction if a place is free.
    pub async fn try_begin(&self, access: Access, owner: Owner) -> Result<Option<Loan<Place>>, StoreError> {
        let Some(mut place) = self.0.places.try_borrow(owner) else { return Ok(None) };
        place.make_ready().await.map_err(driver_error).map_err(store_error)?;
        place.run(Task::Begin(access)).await.map_err(driver_error).map_err(store_error)?;
        Ok(Some(place))
    }

    /// Borrows a connection, an idle or a new one, within the limit `acquire`.
    async fn borrow(&self, owner: Owner) -> Result<Loan<Place>, StoreError> {
        let borrow = async {
            let mut place = self.0.places.borrow(owner).await?;
            place.make_ready().await.map_err(driver_error).map_err(store_error)?;
            Ok(place)
        };
        let expired = |_| Err(store_error(driver_error(sqlx::Error::PoolTimedOut)));
        timeout(self.limits().acquire, borrow).await.unwrap_or_else(expired)
    }

    /// Adds a connection that was opened outside the pool, if a place is free.
    pub fn add(&self, connection: Connection) {
        if let Some(mut place) = self.0.places.try_borrow(None) {
            place.fill(connection);
        }
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        let places = timeout(self.limits().statement, self.0.places.close()).await.unwrap_or_default();
        self.close_all(places.into_iter().filter_map(|mut place| place.connection.take())).await;
    }

    async fn close_all(&self, connections: impl IntoIterator<Item = Connection>) {
        let close = async {
            for connection in connections {
                if let Err(error) = connection.close().await {
                    tracing::debug!(error = %Causes(&error), "closing a connection to the database failed");
                }
            }
        };
        let _ = timeout(self.limits().acquire, close).await;
    }
}

/// Closes idle and old connections periodically, until the pool is dropped.
#[expect(clippy::disallowed_methods, reason = "waits for the next run")]
async fn clean_up(pool: Weak<Shared>) {
    loop {
        sleep(CLEANUP_INTERVAL).await;
        let Some(pool) = pool.upgrade().map(Pool) else { return };
        let expired = |place: &mut Place| if place.has_expired() { place.connection.take() } else { None };
        pool.close_all(pool.0.places.take_from_idle(expired)).await;
    }
}

impl Server {
    /// Opens a connection, and retries until it is cancelled: a restarting server is away only for a moment, and a full one has
    /// room again as soon as another client closes a connection.
    #[expect(clippy::disallowed_methods, reason = "waits before a retry")]
    async fn connect(self: &Arc<Self>) -> Result<Connection, sqlx::Error> {
        loop {
            let server = Arc::clone(self);
            let mut task = AbortOnDrop(self.runtime.spawn(async move { server.address.connect().await }));
            match (&mut task.0).await.unwrap_or(Err(sqlx::Error::PoolClosed)) {
                Err(error) if matches!(meaning_of_driver(&error), Meaning::Unavailable) => {
                    tracing::debug!(error = %Causes(&error), "the database can't be reached");
                    sleep(RETRY_DELAY).await;
                }
                result => return result,
            }
        }
    }

    fn last_death(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.last_death.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a connection was dead.
    fn note_death(&self) {
        *self.last_death() = Some(Instant::now());
    }
}

/// Aborts a task when its caller is cancelled.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A place for a connection, which is lent with it.
pub struct Place {
    server: Arc<Server>,
    /// `None` while a statement runs, so that cancelling the statement drops the connection.
    connection: Option<Connection>,
    opened: Instant,
    /// When it was last lent.
    used: Instant,
    /// Whether the connection was idle, and has run nothing since.
    was_idle: bool,
}

impl Place {
    fn new(server: Arc<Server>) -> Self {
        let now = Instant::now();
        Self { server, connection: None, opened: now, used: now, was_idle: false }
    }

    /// Returns the rows that a statement selects.
    pub async fn query(&mut self, statement: &Statement, cost: Cost) -> Result<Vec<QueryResult>, StoreError> {
        let result = self.run(Task::Query(statement)).await.map_err(driver_error);
        Ok(result.map_err(if cost == Cost::Search { search_error } else { store_error })?.rows)
    }

    /// Runs a statement that returns no rows, and returns how many it changed.
    pub async fn execute(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        Ok(self.run(Task::Execute(statement)).await.map_err(driver_error).map_err(store_error)?.changed)
    }

    /// Commits the transaction.
    pub async fn commit(&mut self) -> Result<(), StoreError> {
        let result = self.run(Task::End("COMMIT")).await;
        if result.is_err() {
            // It is unknown whether the transaction was committed, rolled back or is still open.
            self.connection = None;
        }
        result.map(drop).map_err(driver_error).map_err(store_error)
    }

    fn fill(&mut self, connection: Connection) {
        self.opened = Instant::now();
        self.connection = Some(connection);
        self.was_idle = false;
    }

    /// Whether an idle connection must not be used again.
    fn has_expired(&self) -> bool {
        let may_be_dead = self.server.last_death().is_some_and(|death| self.used <= death);
        may_be_dead || self.used.elapsed() > MAX_IDLE || self.opened.elapsed() > MAX_AGE
    }

    /// Opens a connection, unless there is one that still works.
    async fn make_ready(&mut self) -> Result<(), sqlx::Error> {
        if let Some(mut idle) = self.connection.take()
            && !self.has_expired()
        {
            // Leaves half of the time to open another connection if a firewall has dropped this one.
            let limit = self.server.limits.acquire / 2;
            if self.used.elapsed() < PING_AFTER || matches!(timeout(limit, idle.ping()).await, Ok(Ok(()))) {
                self.connection = Some(idle);
                self.was_idle = true;
                return Ok(());
            }
            self.server.note_death();
        }
        let connection = self.server.connect().await?;
        self.fill(connection);
        Ok(())
    }

    /// Runs a task; again on a new connection if the server had closed the idle one, so that the task did not run.
    async fn run(&mut self, task: Task<'_>) -> Result<Outcome, sqlx::Error> {
        let was_idle = mem::take(&mut self.was_idle);
        let result = self.run_once(task).await;
        let Err(error) = &result else { return result };
        if !was_idle || self.connection.is_some() || is_timeout(error) {
            return result;
        }
        self.server.note_death();
        let connect = timeout(self.server.limits.acquire, self.server.connect());
        let connection = connect.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        self.fill(connection);
        self.run_once(task).await
    }

    async fn run_once(&mut self, task: Task<'_>) -> Result<Outcome, sqlx::Error> {
        let not_connected = || io::Error::from(io::ErrorKind::NotConnected);
        let mut connection = self.connection.take().ok_or_else(not_connected)?;
        let Ok(result) = timeout(self.server.limits.statement + GRACE, connection.run(task)).await else {
            self.server.note_death();
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the database did not respond in time").into());
        };
        let is_usable = match &result {
            Ok(_) => true,
            Err(sqlx::Error::Database(error)) => !dialect::ends_connection(error.as_ref()),
            Err(_) => false,
        };
        if is_usable {
            self.connection = Some(connection);
        }
        result
    }
}

fn is_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

impl Lent for Place {
    fn give_back(mut self, set: &Set<Self>, permit: Permit) {
        self.used = Instant::now();
        if !self.connection.as_ref().is_some_and(Connection::is_in_transaction) {
            return set.put(self, permit);
        }
        let (set, runtime) = (set.clone(), self.server.runtime.clone());
        runtime.spawn(async move {
            // If this fails, the connection is closed, which rolls back as well.
            if self.run(Task::End("ROLLBACK")).await.is_err() {
                self.connection = None;
            }
            self.used = Instant::now();
            set.put(self, permit);
        });
    }
}
