//! Connections to a SQLite file. `docs/architecture.md` shows how they work together.

mod backlog;
mod connection;
mod log;
mod readers;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use memo_domain::{Access, Source, StoreError};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, sqlx::sqlite::SqliteConnectOptions};
use thiserror::Error;
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::{
    Cost, Session, UnknownUrl,
    permits::Owner,
    set::{Loan, Set},
};
use crate::{
    error::{file_error, store_error},
    options::StoreOptions,
};
pub use backlog::IndexUpdate;
use backlog::Indexed;
pub use connection::Connection;
use log::Log;
use readers::SEARCH_LIMIT;
pub use readers::{Snapshot, glance, query};
use writer::Group;
pub use writer::WriteUnit;

/// The default number of connections for single reads; more gain nothing with one file.
const READERS: u32 = 4;
/// The number of connections for searches.
const SEARCHES: u32 = 2;
/// The number of connections for read-only transactions, which are rare.
const SNAPSHOTS: u32 = 2;
/// The delay before another attempt to open a file that another process sets up.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// The connections to a file.
pub struct File {
    /// For single statements.
    readers: Set<Connection>,
    /// For searches, which may read the texts of many memos: other reads never wait for them.
    searching: OnDemand,
    /// For read-only transactions.
    snapshots: OnDemand,
    writer: Set<Group>,
    indexed: Indexed,
    options: StoreOptions,
}

/// Readers that the first who needs one opens: each takes half a megabyte.
struct OnDemand {
    count: u32,
    set: OnceCell<Set<Connection>>,
}

impl OnDemand {
    const fn new(count: u32) -> Self {
        Self { count, set: OnceCell::const_new() }
    }

    async fn borrow(&self, options: &StoreOptions, owner: Owner) -> Result<Loan<Connection>, StoreError> {
        let open = async || {
            let (options, count) = (options.clone(), self.count);
            let opened = spawn_blocking(move || open_readers(&options, &file(&options.url)?, count)).await;
            opened.map_err(|error| StoreError::Unavailable { source: error.into() })?
        };
        self.set.get_or_try_init(open).await?.borrow(owner).await
    }
}

#[derive(Debug, Error)]
enum OpenError {
    #[error("the database file {} can't be created", path.display())]
    NotCreated { path: PathBuf, source: io::Error },
    #[error("the database file {} can't be opened for reading and writing", path.display())]
    NotOpened { path: PathBuf, source: Source },
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").finish_non_exhaustive()
    }
}

impl File {
    /// Begins the session of a unit of work.
    pub async fn begin(self: &Arc<Self>, access: Access, owner: Owner) -> Result<Session, StoreError> {
        Ok(match access {
            Access::Read => Session::FileReads(Arc::clone(self), owner),
            Access::Snapshot => {
                let is_indexed = self.indexed.is_complete();
                let reader = self.snapshots.borrow(&self.options, owner).await?;
                Session::FileSnapshot(Snapshot::begin(reader, is_indexed)?)
            }
            Access::Write => Session::FileWrite(WriteUnit::new(self.writer.clone(), owner)),
        })
    }

    /// Borrows a connection for a reading statement. One for a search sees the index of all that is committed.
    pub async fn reader(&self, owner: Owner, cost: Cost) -> Result<Loan<Connection>, StoreError> {
        if cost != Cost::Search {
            return self.readers.borrow(owner).await;
        }
        self.indexed.complete(SEARCH_LIMIT).await?;
        self.searching.borrow(&self.options, owner).await
    }

    /// Opens a connection of its own for the migrations, which need SeaORM's `DatabaseConnection`.
    pub async fn connect_for_migrations(&self) -> Result<DatabaseConnection, StoreError> {
        let lock_timeout = self.options.acquire_timeout;
        let mut driver = ConnectOptions::new(&self.options.url);
        driver.max_connections(1).acquire_timeout(lock_timeout).sqlx_logging(self.options.log_sql);
        driver.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite.create_if_missing(false).foreign_keys(true).busy_timeout(lock_timeout).pragma("secure_delete", "ON")
        });
        Database::connect(driver).await.map_err(store_error)
    }

    /// Waits for running statements and closes the connections.
    pub async fn close(&self) {
        drop(self.readers.close().await);
        for readers in [&self.searching, &self.snapshots] {
            // From now on none is opened.
            let none = async || Set::new(Vec::new(), self.options.acquire_timeout);
            drop(readers.set.get_or_init(none).await.close().await);
        }
        let writer = self.writer.close().await;
        // The last connection that closes checkpoints and removes the log, so it must be the one that may write.
        let _ = spawn_blocking(move || drop(writer)).await;
    }
}

/// Opens the connections to a file: one that writes, since SQLite has one writer at a time and a queue for a connection is
/// fairer than one for SQLite's lock, and others that only read.
pub async fn connect(options: &StoreOptions) -> Result<File, StoreError> {
    let path = file(&options.url)?;
    create(&path)
        .map_err(|source| StoreError::Other { source: OpenError::NotCreated { path: path.clone(), source }.into() })?;
    let options = options.clone();
    let opened = spawn_blocking(move || {
        open(&options, &path).map_err(|error| {
            let named = |source| OpenError::NotOpened { path, source }.into();
            match error {
                StoreError::Corrupt { source } => StoreError::Corrupt { source: named(source) },
                StoreError::Unavailable { source } => StoreError::Unavailable { source: named(source) },
                StoreError::Contention { source }
                | StoreError::Unwritable { source, .. }
                | StoreError::Other { source } => StoreError::Other { source: named(source) },
                other => other,
            }
        })
    });
    opened.await.map_err(|error| StoreError::Other { source: error.into() })?
}

fn open(options: &StoreOptions, path: &Path) -> Result<File, StoreError> {
    let writer = open_writer(options, path)?;
    backlog::recover(&writer).map_err(file_error)?;
    let unavailable = |error: io::Error| StoreError::Unavailable { source: error.into() };
    let log = Log::start(Connection::open(path, options, "").map_err(file_error)?).map_err(unavailable)?;
    let (writer, indexed) = writer::start(writer, log, options.acquire_timeout).map_err(unavailable)?;
    Ok(File {
        readers: open_readers(options, path, options.max_connections.unwrap_or(READERS).max(1))?,
        searching: OnDemand::new(SEARCHES),
        snapshots: OnDemand::new(SNAPSHOTS),
        writer,
        indexed,
        options: options.clone(),
    })
}

fn open_readers(options: &StoreOptions, path: &Path, count: u32) -> Result<Set<Connection>, StoreError> {
    let open = || Connection::open(path, options, "PRAGMA query_only = ON").map_err(file_error);
    let connections = std::iter::repeat_with(open).take(count as usize).collect::<Result<_, _>>()?;
    Ok(Set::new(connections, options.acquire_timeout))
}

/// Opens the writing connection, and retries while another process sets up the new file: SQLite reports it as busy until
/// then.
#[expect(clippy::disallowed_methods, reason = "waits before a retry")]
fn open_writer(options: &StoreOptions, path: &Path) -> Result<Connection, StoreError> {
    // FULL: a commit is on the disk when it returns. With `secure_delete`, deleted texts do not stay in free pages.
    let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON";
    let deadline = Instant::now() + options.acquire_timeout;
    loop {
        let opened = Connection::open(path, options, &format!("{pragmas}; {}", log::PRAGMAS)).and_then(|connection| {
            // SQLite also opens a read-only file and fails only at the first write, so test it now.
            connection.begin()?;
            connection.control("ROLLBACK")?;
            Ok(connection)
        });
        match opened.map_err(file_error) {
            Err(error) if error.is_lost_race() && Instant::now() < deadline => thread::sleep(RETRY_DELAY),
            result => return result,
        }
    }
}

fn file(url: &str) -> Result<PathBuf, StoreError> {
    let sqlite: SqliteConnectOptions = url.parse().map_err(|_| UnknownUrl)?;
    let path = sqlite.get_filename();
    // Each connection would have an in-memory database of its own. No other parameter is passed on to the connections.
    let has_parameters =
        url.split_once('?').is_some_and(|(_, parameters)| !["", "mode=rw", "mode=rwc"].contains(&parameters));
    if url.contains(":memory:") || has_parameters || path.as_os_str().is_empty() {
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
