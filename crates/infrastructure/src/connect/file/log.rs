//! Keeps the write-ahead log of SQLite short.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use memo_domain::Causes;

use super::connection::Connection;

/// SQLite checkpoints the log at a commit from a length of 1,000 pages on, and truncates the file of a longer log to 6 MiB
/// after a restart.
pub const PRAGMAS: &str = "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 6291456";
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
    next_length: u64,
}

impl Log {
    pub fn new(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), next_length: RESTART_LENGTH }
    }

    /// Restarts the log if it is long. Called with the writing connection between two transactions.
    pub fn limit_length(&mut self, writer: &Connection) {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length < self.next_length {
            return;
        }
        let restarted = writer.restart_log(READER_WAIT).unwrap_or_else(|error| {
            tracing::warn!(error = %Causes(&error), "the write-ahead log could not be checkpointed");
            false
        });
        // If a reader is slow, the following writers do not wait for it until the log has grown further.
        self.next_length = if restarted { RESTART_LENGTH } else { length + RESTART_LENGTH / 2 };
    }
}
