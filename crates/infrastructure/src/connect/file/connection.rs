//! One connection to a SQLite file.

use std::{
    path::Path,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Error, OpenFlags, config::DbConfig};
use sea_orm::Statement;

use super::readers::must_wait;
use crate::{executor, options::StoreOptions, row::FromRow};

/// The number of prepared statements that a connection keeps.
const STATEMENTS: usize = 128;
/// The number of SQLite's instructions after which it asks whether to go on: those of some rows.
const INSTRUCTIONS: i32 = 1_000;
/// The delay before another attempt to begin. A process that writes all the time leaves the lock free for less than a
/// millisecond; SQLite's own waits, which grow to 100 ms, would miss it.
const LOCK_DELAY: Duration = Duration::from_micros(200);
/// The pragmas of all connections.
const PRAGMAS: &str = "PRAGMA foreign_keys = ON; PRAGMA mmap_size = 268435456; PRAGMA cache_size = -4096; \
                       PRAGMA temp_store = MEMORY";
/// The beginning of the time in which deadlines are counted.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A connection. It waits for locks of other processes only on threads that may block.
pub struct Connection {
    sqlite: rusqlite::Connection,
    /// The time at which SQLite interrupts the statement, in microseconds after [`START`].
    deadline: Arc<AtomicU64>,
    lock_timeout: Duration,
    log_sql: bool,
}

/// Interrupts the statement of a connection when it is dropped.
pub struct Interrupt(Arc<AtomicU64>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Connection {
    /// Opens a connection to an existing file, with pragmas in addition to those of all connections.
    pub fn open(path: &Path, options: &StoreOptions, pragmas: &str) -> Result<Self, Error> {
        // NO_MUTEX: no two threads use it at the same time.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = rusqlite::Connection::open_with_flags(path, flags)?;
        // Query planner stability: otherwise a new value of a LIMIT makes SQLite plan a prepared statement again.
        sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        sqlite.set_prepared_statement_cache_capacity(STATEMENTS);
        sqlite.execute_batch(PRAGMAS)?;
        sqlite.execute_batch(pragmas)?;
        let deadline = Arc::new(AtomicU64::new(u64::MAX));
        let read = Arc::clone(&deadline);
        let has_passed = move || match read.load(Ordering::Relaxed) {
            u64::MAX => false,
            time => START.elapsed().as_micros() >= u128::from(time),
        };
        sqlite.progress_handler(INSTRUCTIONS, Some(has_passed))?;
        let lock_timeout = options.acquire_timeout.min(Duration::from_hours(1));
        sqlite.busy_timeout(Duration::ZERO)?;
        Ok(Self { sqlite, deadline, lock_timeout, log_sql: options.log_sql })
    }

    /// Limits the time of the next statements that read. A writing statement has no limit: if it is interrupted, SQLite rolls
    /// back the whole transaction.
    pub fn limit(&self, limit: Option<Duration>) {
        let time = limit.and_then(|limit| u64::try_from((START.elapsed() + limit).as_micros()).ok());
        self.deadline.store(time.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub fn interrupt(&self) -> Interrupt {
        Interrupt(Arc::clone(&self.deadline))
    }

    /// Returns the rows that a statement selects, unless it is interrupted.
    pub fn query<T: FromRow>(&self, statement: &Statement) -> Result<Vec<T>, Error> {
        self.logged(statement, || executor::query(&self.sqlite, statement))
    }

    /// Runs a writing statement and returns the number of rows that it changed.
    pub fn execute(&self, statement: &Statement) -> Result<u64, Error> {
        self.limit(None);
        self.logged(statement, || executor::execute(&self.sqlite, statement))
    }

    /// Runs a statement that begins or ends a transaction or a savepoint.
    pub fn control(&self, sql: &str) -> Result<(), Error> {
        self.limit(None);
        self.sqlite.prepare_cached(sql)?.raw_execute().map(drop)
    }

    /// Whether it is in a transaction. SQLite may have ended it because of an error.
    pub fn is_in_transaction(&self) -> bool {
        !self.sqlite.is_autocommit()
    }

    /// Begins a transaction that writes.
    pub fn begin(&self) -> Result<(), Error> {
        self.control("BEGIN IMMEDIATE")
    }

    /// Begins a transaction that writes, as soon as no other process does.
    #[expect(clippy::disallowed_methods, reason = "only threads that may block call it")]
    pub fn begin_when_unlocked(&self) -> Result<(), Error> {
        let deadline = Instant::now() + self.lock_timeout;
        loop {
            match self.begin() {
                Err(error) if must_wait(&error) && Instant::now() < deadline => thread::sleep(LOCK_DELAY),
                result => return result,
            }
        }
    }

    /// Runs `work`, whose statements wait for locks of other processes.
    pub fn waiting_for_locks<T>(&self, work: impl FnOnce() -> T) -> T {
        self.waiting_for(self.lock_timeout, work)
    }

    /// Returns the number of pages in the write-ahead log, and how many of them are in the database file.
    pub fn log_pages(&self) -> Result<(i64, i64), Error> {
        let mut pages = self.sqlite.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
        pages.query_row((), |row| Ok((row.get(1)?, row.get(2)?)))
    }

    /// Copies what readers allow of the write-ahead log into the database file. Neither a reader nor a writer waits for it.
    pub fn checkpoint(&self) -> Result<(), Error> {
        self.sqlite.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
    }

    /// Restarts the write-ahead log from its beginning, unless readers still use it after `wait`. Returns whether it did.
    pub fn restart_log(&self, wait: Duration) -> Result<bool, Error> {
        let restart = || self.sqlite.query_row("PRAGMA wal_checkpoint(RESTART)", (), |row| row.get::<_, bool>(0));
        self.waiting_for(wait, restart).map(|is_busy| !is_busy)
    }

    fn waiting_for<T>(&self, timeout: Duration, work: impl FnOnce() -> T) -> T {
        let set = |timeout| self.sqlite.busy_timeout(timeout).expect("SQLite accepts every timeout");
        set(timeout);
        let result = work();
        set(Duration::ZERO);
        result
    }

    /// Logs a statement when it has ended. One that was interrupted, or has met a lock, runs again.
    fn logged<T>(&self, statement: &Statement, run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let began = self.log_sql.then(Instant::now);
        let result = run();
        if let Some(began) = began
            && !result.as_ref().is_err_and(must_wait)
        {
            let summary = statement.sql.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
            // The target of the drivers of the servers, so that one directive selects the statements of all databases.
            tracing::info!(target: "sqlx::query", summary, db.statement = statement.sql, elapsed = ?began.elapsed());
        }
        result
    }
}
