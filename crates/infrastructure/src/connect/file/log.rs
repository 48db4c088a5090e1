//! How the write-ahead log of SQLite is kept short.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sea_orm::sqlx::{
    self, Row,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};

/// From this length on, commits copy the log back into the database file.
const PAGES_BEFORE_COPYING: &str = "1000";
/// What the file of the log is cut to where it has grown longer.
const LENGTH_KEPT: &str = "6291456";
/// From this length on, a writer waits for readers to let go of the log.
const LENGTH_BEFORE_WAITING: u64 = 8 << 20;
/// How long it waits.
const PATIENCE: Duration = Duration::from_millis(100);

/// The log of one database file.
///
/// SQLite copies it back by itself, but begins it anew only where no reader uses it at that moment. Where somebody
/// always reads there is no such moment, and it would grow without end; so a writer that finds it long makes one.
pub struct Log {
    path: PathBuf,
    busy_timeout: Duration,
    next_length: AtomicU64,
}

impl Log {
    pub fn new(database: &Path, busy_timeout: Duration) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), busy_timeout, next_length: AtomicU64::new(LENGTH_BEFORE_WAITING) }
    }

    pub fn configure(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
        sqlite.pragma("wal_autocheckpoint", PAGES_BEFORE_COPYING).pragma("journal_size_limit", LENGTH_KEPT)
    }

    /// Makes the log begin anew where it is long. Called with the writing connection between two units of work.
    pub async fn bound(&self, writer: &mut SqliteConnection) {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length < self.next_length.load(Ordering::Relaxed) {
            return;
        }
        let began_anew = self.begin_anew(writer).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the write-ahead log could not be copied into the database");
            false
        });
        // Where a reader is slow, the next writers shall not all wait for it in vain.
        let next = if began_anew { LENGTH_BEFORE_WAITING } else { length + LENGTH_BEFORE_WAITING / 2 };
        self.next_length.store(next, Ordering::Relaxed);
    }

    async fn begin_anew(&self, writer: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        set_busy_timeout(writer, PATIENCE).await?;
        let result = sqlx::raw_sql("PRAGMA wal_checkpoint(RESTART)").fetch_one(&mut *writer).await;
        set_busy_timeout(writer, self.busy_timeout).await?;
        Ok(result?.try_get::<i64, _>(0)? == 0)
    }
}

async fn set_busy_timeout(writer: &mut SqliteConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let statement = format!("PRAGMA busy_timeout = {}", timeout.as_millis());
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(writer).await.map(drop)
}
