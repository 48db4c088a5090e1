//! Connections to a SQLite file.

mod group_writer;
mod log;
mod readers;
mod writing;

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use ::log::LevelFilter;
use memo_domain::{Access, Causes, StoreError};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr, TransactionTrait,
    sqlx::{
        self, ConnectOptions as _, Connection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::{
    Session, UnknownUrl,
    permits::{Owner, Permits},
};
use crate::{dialect, error::store_error, options::StoreOptions};
use group_writer::GroupWriter;
use log::Log;
pub use readers::Readers;
pub use writing::WriteUnit;
use writing::Writer;

/// The default number of connections for single reads; more gain nothing with one file.
const READERS: u32 = 4;
/// The number of connections for searches.
const SEARCHES: u32 = 2;
/// How long a search may take: long enough for 400 MB of texts, and short enough that its user still waits.
const SEARCH_LIMIT: Duration = Duration::from_secs(5);
/// The number of connections for read-only transactions, which are rare.
const SNAPSHOTS: u32 = 2;

/// The connections to a file.
#[derive(Debug)]
pub struct File {
    readers: FileReaders,
    /// For read-only transactions.
    snapshots: DatabaseConnection,
    snapshot_permits: Permits,
    acquire_timeout: Duration,
    writer: Writer,
}

/// The connections for single reading statements. Clones share them.
#[derive(Debug, Clone)]
pub struct FileReaders {
    pub single: Readers,
    /// For searches, which may read the texts of many memos: other reads never wait for them.
    pub searching: Readers,
}

#[derive(Debug, Error)]
enum OpenError {
    #[error("the database file {} can't be created", path.display())]
    NotCreated { path: PathBuf, source: io::Error },
    #[error("the database file {} can't be opened for reading and writing", path.display())]
    NotOpened { path: PathBuf, source: DbErr },
}

impl File {
    /// Begins the session of a unit of work.
    pub async fn begin(&self, access: Access, owner: Owner) -> Result<Session, DbErr> {
        Ok(match access {
            Access::Read => Session::FileReads(self.readers.clone(), owner),
            Access::Snapshot => {
                let permit = readers::acquire(&self.snapshot_permits, owner, self.acquire_timeout).await?;
                let transaction = self.snapshots.begin_with_options(dialect::sqlite_snapshot()).await?;
                Session::FileSnapshot { transaction, _permit: permit }
            }
            Access::Write => Session::FileWrite(self.writer.begin(owner)),
        })
    }

    /// A read-only connection, which also reads the state of the migrations.
    pub const fn reader(&self) -> &DatabaseConnection {
        &self.snapshots
    }

    /// The writing connection, which also runs the migrations.
    pub fn writer(&self) -> &DatabaseConnection {
        self.writer.turns().pool()
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        self.readers.single.close().await;
        self.readers.searching.close().await;
        self.writer.turns().close().await;
        // The last connection that closes checkpoints and removes the log, so it must be the one that may write.
        for pool in [&self.snapshots, self.writer.turns().pool()] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(error = %Causes(&error), "closing the connections to the database failed");
            }
        }
    }
}

/// Opens the connections to a file: one that writes, since SQLite has one writer at a time and a queue for a connection is
/// fairer than one for SQLite's lock, and others that only read.
pub async fn connect(options: &StoreOptions) -> Result<File, StoreError> {
    let path = file(&options.url)?;
    create(&path)
        .map_err(|source| StoreError::Other { source: OpenError::NotCreated { path: path.clone(), source }.into() })?;
    open(options, &path).await.map_err(|source| {
        let error = OpenError::NotOpened { path, source: source.clone() }.into();
        match store_error(source) {
            StoreError::Corrupt { .. } => StoreError::Corrupt { source: error },
            StoreError::Unavailable { .. } => StoreError::Unavailable { source: error },
            _ => StoreError::Other { source: error },
        }
    })
}

async fn open(options: &StoreOptions, path: &Path) -> Result<File, DbErr> {
    let busy_timeout = options.acquire_timeout.min(Duration::from_hours(1));
    let log = Arc::new(Log::new(path, busy_timeout));

    let mut writer = pool_options(options, 1);
    keep_open(&mut writer);
    writer
        .map_sqlx_sqlite_opts(move |sqlite| {
            // FULL: a commit is on the disk when it returns.
            let sqlite = common(sqlite, busy_timeout).synchronous(SqliteSynchronous::Full);
            // Deleted texts are overwritten: they do not stay in free pages.
            let sqlite = sqlite.pragma("secure_delete", "ON");
            Log::configure(sqlite.journal_mode(SqliteJournalMode::Wal))
        })
        .map_sqlx_sqlite_pool_opts(move |pool| {
            let log = Arc::clone(&log);
            pool.after_release(move |connection, _| {
                let log = Arc::clone(&log);
                Box::pin(async move {
                    log.limit_length(connection).await;
                    if connection.is_in_transaction() {
                        // A rollback may still be queued for the thread of the connection; the ping runs after it.
                        connection.ping().await?;
                    }
                    // A disk error ends a transaction without the driver's knowledge: such a connection is closed.
                    Ok(!connection.is_in_transaction())
                })
            })
        });
    let writer = connect_with_retries(writer, options.acquire_timeout).await?;
    // SQLite also opens a read-only file and fails only at the first write, so test it now.
    writer.begin_with_options(dialect::sqlite_write()).await?.rollback().await?;

    let connections = options.max_connections.unwrap_or(READERS).max(1);
    let mut single = reading(SqliteConnectOptions::from_str(&options.url).map_err(sqlx_error)?, busy_timeout);
    single =
        if options.log_sql { single.log_statements(LevelFilter::Info) } else { single.disable_statement_logging() };
    let acquire_timeout = options.acquire_timeout;
    let readers = FileReaders {
        single: Readers::connect(&single, connections, acquire_timeout, None).await?,
        searching: Readers::connect(&single, SEARCHES, acquire_timeout, Some(SEARCH_LIMIT)).await?,
    };
    let mut snapshots = pool_options(options, SNAPSHOTS);
    keep_open(&mut snapshots);
    snapshots.map_sqlx_sqlite_opts(move |sqlite| reading(sqlite, busy_timeout));
    let writer = Writer::new(GroupWriter::new(writer, acquire_timeout), readers.single.clone());
    let (snapshots, snapshot_permits) = (Database::connect(snapshots).await?, Permits::new(SNAPSHOTS));
    Ok(File { readers, snapshots, snapshot_permits, acquire_timeout, writer })
}

/// Connects, and retries while another process sets up the new file: SQLite reports it as busy until then.
#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
async fn connect_with_retries(pool: ConnectOptions, limit: Duration) -> Result<DatabaseConnection, DbErr> {
    let deadline = Instant::now() + limit;
    loop {
        let error = match Database::connect(pool.clone()).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if Instant::now() >= deadline || !store_error(error.clone()).is_lost_race() {
            return Err(error);
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Disables tests and reopening of connections: a connection to a file does not break.
fn keep_open(pool: &mut ConnectOptions) {
    pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None);
}

fn reading(sqlite: SqliteConnectOptions, busy_timeout: Duration) -> SqliteConnectOptions {
    common(sqlite, busy_timeout).pragma("query_only", "ON")
}

fn sqlx_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

fn common(sqlite: SqliteConnectOptions, busy_timeout: Duration) -> SqliteConnectOptions {
    sqlite
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .pragma("mmap_size", "268435456")
        .pragma("cache_size", "-4096")
        .pragma("temp_store", "MEMORY")
}

fn file(url: &str) -> Result<PathBuf, StoreError> {
    let sqlite: SqliteConnectOptions = url.parse().map_err(|_| UnknownUrl)?;
    let path = sqlite.get_filename();
    // Each connection would have an in-memory database of its own.
    if url.contains(":memory:") || url.contains("mode=memory") || path.as_os_str().is_empty() {
        return Err(UnknownUrl.into());
    }
    Ok(path.to_owned())
}

/// Creates a missing file, readable only by its owner. The error is clearer than SQLite's.
///
/// An existing file is not opened: closing it would release the POSIX locks that this process may hold on it.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}

fn pool_options(options: &StoreOptions, connections: u32) -> ConnectOptions {
    let mut pool = ConnectOptions::new(&options.url);
    pool.max_connections(connections).acquire_timeout(options.acquire_timeout).sqlx_logging(options.log_sql);
    pool
}
