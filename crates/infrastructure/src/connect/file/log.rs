//! Keeps the write-ahead log of SQLite short.

use memo_domain::Causes;
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

/// The length in pages from which SQLite checkpoints the log at a commit.
const CHECKPOINT_PAGES: &str = "1000";
/// The length in bytes to which SQLite truncates the file of a longer log after a restart.
const FILE_SIZE: &str = "6291456";
/// The length in bytes from which a writer waits for readers to release the log.
const RESTART_LENGTH: u64 = 8 << 20;
/// How long that writer waits.
const READER_WAIT: Duration = Duration::from_millis(100);

/// The write-ahead log of one database file.
///
/// SQLite checkpoints the log by itself, but restarts it from its beginning only at a moment when no reader uses it. If
/// there is always a reader, the log would grow without limit; so a writer that finds it long makes readers wait.
pub struct Log {
    path: PathBuf,
    busy_timeout: Duration,
    next_length: AtomicU64,
}

impl Log {
    pub fn new(database: &Path, busy_timeout: Duration) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), busy_timeout, next_length: AtomicU64::new(RESTART_LENGTH) }
    }

    pub fn configure(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
        sqlite.pragma("wal_autocheckpoint", CHECKPOINT_PAGES).pragma("journal_size_limit", FILE_SIZE)
    }

    /// Restarts the log if it is long. Called with the writing connection between two units of work.
    pub async fn limit_length(&self, writer: &mut SqliteConnection) {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length < self.next_length.load(Ordering::Relaxed) {
            return;
        }
        let restarted = self.restart(writer).await.unwrap_or_else(|error| {
            tracing::warn!(error = %Causes(&error), "the write-ahead log could not be checkpointed");
            false
        });
        // If a reader is slow, the following writers do not wait for it until the log has grown further.
        let next = if restarted { RESTART_LENGTH } else { length + RESTART_LENGTH / 2 };
        self.next_length.store(next, Ordering::Relaxed);
    }

    async fn restart(&self, writer: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        set_busy_timeout(writer, READER_WAIT).await?;
        let result = sqlx::raw_sql("PRAGMA wal_checkpoint(RESTART)").fetch_one(&mut *writer).await;
        set_busy_timeout(writer, self.busy_timeout).await?;
        Ok(result?.try_get::<i64, _>(0)? == 0)
    }
}

async fn set_busy_timeout(writer: &mut SqliteConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let statement = format!("PRAGMA busy_timeout = {}", timeout.as_millis());
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(writer).await.map(drop)
}
