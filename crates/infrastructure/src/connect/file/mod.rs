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
use memo_domain::{Access, StoreError};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr, TransactionTrait,
    sqlx::{
        self, ConnectOptions as _, Connection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::{Session, UnknownUrl};
use crate::{StoreOptions, dialect, error::store_error};
use group_writer::GroupWriter;
use log::Log;
pub use readers::Readers;
use writing::Writer;
pub use writing::Writing;

/// More of them bring nothing where a database is one file.
const READERS: u32 = 4;
/// How many transactions read at the same time; few reads need one.
const SNAPSHOTS: u32 = 2;

/// The connections to a file.
#[derive(Debug)]
pub struct File {
    /// Single statements that read.
    readers: Readers,
    /// Transactions that read.
    reader: DatabaseConnection,
    writer: Writer,
}

#[derive(Debug, Error)]
enum OpenError {
    #[error("the database file {} can't be made", path.display())]
    NotMade { path: PathBuf, source: io::Error },
    #[error("the database file {} can't be opened for reading and writing", path.display())]
    NotOpened { path: PathBuf, source: DbErr },
}

impl File {
    /// Begins what the statements of a unit of work run on.
    pub async fn begin(&self, access: Access) -> Result<Session, DbErr> {
        Ok(match access {
            Access::Read => Session::FileReads(self.readers.clone()),
            Access::Snapshot => {
                Session::FileSnapshot(self.reader.begin_with_options(dialect::sqlite_snapshot()).await?)
            }
            Access::Write => Session::FileWrite(self.writer.begin()),
        })
    }

    /// What reads the state of migrations.
    pub const fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// What migrates.
    pub fn writer(&self) -> &DatabaseConnection {
        self.writer.turns().pool()
    }

    /// Waits for what runs, and closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.turns().close().await;
        // The last connection that closes tidies the file up, and has to be one that writes.
        for pool in [&self.reader, self.writer.turns().pool()] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::warn!(%error, "the connections to the database were not closed in order");
            }
        }
    }
}

/// One connection writes, since SQLite has one writer at a time, and it is fairer to wait for a connection than for a
/// lock. The others only read.
pub async fn connect(options: &StoreOptions) -> Result<File, StoreError> {
    let path = file(&options.url)?;
    make(&path)
        .map_err(|source| StoreError::Other { source: OpenError::NotMade { path: path.clone(), source }.into() })?;
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
            // A commit is on the disk when it returns.
            let sqlite = common(sqlite, busy_timeout).synchronous(SqliteSynchronous::Full);
            Log::configure(sqlite.journal_mode(SqliteJournalMode::Wal))
        })
        .map_sqlx_sqlite_pool_opts(move |pool| {
            let log = Arc::clone(&log);
            pool.after_release(move |connection, _| {
                let log = Arc::clone(&log);
                Box::pin(async move {
                    log.bound(connection).await;
                    if connection.is_in_transaction() {
                        // A rollback may still be on its way to the thread of the connection; a ping comes behind it.
                        connection.ping().await?;
                    }
                    // An error of the disk ends a transaction behind the driver's back, which then never believes it.
                    Ok(!connection.is_in_transaction())
                })
            })
        });
    let writer = connect_patiently(writer, options.acquire_timeout).await?;
    // SQLite opens a file that it may only read as well, and says so at the first write.
    writer.begin_with_options(dialect::sqlite_write()).await?.rollback().await?;

    let connections = options.max_connections.unwrap_or(READERS).max(1);
    let mut single = reading(SqliteConnectOptions::from_str(&options.url).map_err(sqlx_error)?, busy_timeout);
    single =
        if options.log_sql { single.log_statements(LevelFilter::Info) } else { single.disable_statement_logging() };
    let readers = Readers::connect(&single, connections, options.acquire_timeout).await?;
    let mut reader = pool_options(options, SNAPSHOTS);
    keep_open(&mut reader);
    reader.map_sqlx_sqlite_opts(move |sqlite| reading(sqlite, busy_timeout));
    let writer = Writer::new(GroupWriter::new(writer, options.acquire_timeout), readers.clone());
    Ok(File { readers, reader: Database::connect(reader).await?, writer })
}

/// Of processes that open a new file at the same moment, all but one are refused for as long as that one sets it up.
async fn connect_patiently(pool: ConnectOptions, patience: Duration) -> Result<DatabaseConnection, DbErr> {
    let deadline = Instant::now() + patience;
    loop {
        let error = match Database::connect(pool.clone()).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if Instant::now() >= deadline || !store_error(error.clone()).is_retryable() {
            return Err(error);
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Nothing closes the connection to a file: to test it or to open it anew would only cost time.
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
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "MEMORY")
}

fn file(url: &str) -> Result<PathBuf, StoreError> {
    let sqlite: SqliteConnectOptions = url.parse().map_err(|_| UnknownUrl)?;
    let path = sqlite.get_filename();
    // A database in memory would be another one for each connection.
    if url.contains(":memory:") || url.contains("mode=memory") || path.as_os_str().is_empty() {
        return Err(UnknownUrl.into());
    }
    Ok(path.to_owned())
}

/// Makes the file where it is missing, for its owner alone, and says what is wrong better than SQLite does.
///
/// An existing file is left alone: to close it again would drop the locks that this process may hold on it.
fn make(path: &Path) -> io::Result<()> {
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
