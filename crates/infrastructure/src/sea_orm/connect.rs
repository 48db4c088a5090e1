//! How a URL becomes pools of connections.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use memo_domain::StoreError;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, TransactionTrait,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use thiserror::Error;

use super::{StoreOptions, dialect, error::store_error};

/// More reading connections bring nothing where a database is one file.
const SQLITE_READERS: u32 = 4;

/// The connections that reads and writes use. They are the same where the database puts writers in order itself.
#[derive(Debug)]
pub struct Pools {
    pub reader: DatabaseConnection,
    pub writer: DatabaseConnection,
}

#[derive(Debug, Error)]
enum OpenError {
    #[error("the URL of the database is not one of a SQLite file, as in sqlite:memo.db or sqlite:///var/lib/memo.db")]
    NoSqliteFile,
    #[error("the database file {} can't be made", path.display())]
    NotMade { path: PathBuf, source: io::Error },
    #[error("the database file {} can't be opened for reading and writing", path.display())]
    NotOpened { path: PathBuf, source: DbErr },
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Other { source: error.into() }
    }
}

/// Opens the connections; the scheme of the URL says to what.
pub async fn connect(options: &StoreOptions) -> Result<Pools, StoreError> {
    if !options.url.starts_with("sqlite:") {
        return Err(OpenError::NoSqliteFile.into());
    }
    connect_sqlite(options).await
}

/// One connection writes, since SQLite has one writer at a time, and it is fairer to wait for a connection than for a
/// lock. The others only read.
async fn connect_sqlite(options: &StoreOptions) -> Result<Pools, StoreError> {
    let path = sqlite_file(&options.url)?;
    make_file(&path).map_err(|source| OpenError::NotMade { path: path.clone(), source })?;
    let not_opened = |source| not_opened(&path, source);

    let busy_timeout = options.acquire_timeout.min(Duration::from_hours(1));
    let mut writer = pool_options(options, 1);
    writer.map_sqlx_sqlite_opts(move |sqlite| {
        // A commit is on the disk when it returns. The log is copied back after every 4 MiB and cut to 8 MiB.
        common(sqlite, busy_timeout)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "1000")
            .pragma("journal_size_limit", "8388608")
    });
    let writer = Database::connect(writer).await.map_err(not_opened)?;
    // SQLite opens a file that it may only read as well, and says so at the first write.
    let probe = writer.begin_with_options(dialect::write_transaction(DbBackend::Sqlite)).await.map_err(not_opened)?;
    probe.rollback().await.map_err(not_opened)?;

    let mut reader = pool_options(options, options.max_connections.unwrap_or(SQLITE_READERS).max(1));
    reader.map_sqlx_sqlite_opts(move |sqlite| common(sqlite, busy_timeout).pragma("query_only", "ON"));
    let reader = Database::connect(reader).await.map_err(not_opened)?;
    Ok(Pools { reader, writer })
}

fn not_opened(path: &Path, source: DbErr) -> StoreError {
    let error = |source| OpenError::NotOpened { path: path.to_owned(), source }.into();
    match store_error(source.clone()) {
        StoreError::Corrupt { .. } => StoreError::Corrupt { source: error(source) },
        StoreError::Unavailable { .. } => StoreError::Unavailable { source: error(source) },
        _ => StoreError::Other { source: error(source) },
    }
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

fn pool_options(options: &StoreOptions, connections: u32) -> ConnectOptions {
    let mut pool = ConnectOptions::new(&options.url);
    pool.max_connections(connections)
        .acquire_timeout(options.acquire_timeout)
        // Nothing closes the connection to a file: to test it or to open it anew would only cost time.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(options.log_sql);
    pool
}

fn sqlite_file(url: &str) -> Result<PathBuf, StoreError> {
    let sqlite: SqliteConnectOptions = url.parse().map_err(|_| OpenError::NoSqliteFile)?;
    let path = sqlite.get_filename();
    // A database in memory would be another one for each connection.
    if url.contains(":memory:") || url.contains("mode=memory") || path.as_os_str().is_empty() {
        return Err(OpenError::NoSqliteFile.into());
    }
    Ok(path.to_owned())
}

/// Makes the file where it is missing, for its owner alone, and says what is wrong better than SQLite does.
///
/// An existing file is left alone: to close it again would drop the locks that this process may hold on it.
fn make_file(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}
