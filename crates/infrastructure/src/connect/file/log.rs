//! Keeps the write-ahead log of SQLite short.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use memo_domain::Causes;

use super::connection::Connection;

/// SQLite itself would checkpoint the log at a commit, which then takes several times as long. It truncates the file of a longer
/// log to 6 MiB after a restart.
pub const PRAGMAS: &str = "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 6291456";
/// The number of pages that are not in the database file yet from which on they are copied: 4 MiB.
const CHECKPOINT: i64 = 1_000;
/// The length in pages from which a writer waits for readers to release the log: 8 MiB,
const RESTART: i64 = 2_000;
/// if no more pages than these are left for it to copy: 1 MiB.
const REST: i64 = 250;
/// The length in pages from which it copies all of them, since the thread does not keep up: 32 MiB.
const MAX_LENGTH: i64 = 8_000;
/// How many pages the log grows by until a writer waits for readers again,
const WAIT_AGAIN: i64 = 1_000;
/// until it looks again whether there are any, and until the thread copies again what a reader may have held back.
const LOOK_AGAIN: i64 = 100;
/// How long that writer waits.
const READER_WAIT: Duration = Duration::from_millis(100);

/// The write-ahead log of one database file.
///
/// A thread copies its pages into the database file while others write and read. But SQLite restarts the log from its beginning
/// only at a moment when all of it is copied and no reader uses it. If there is always a reader or a writer, the log would grow
/// without limit; so a writer that finds it long, and little left to copy, copies the rest and makes readers wait.
pub struct Log {
    /// To the thread, which ends with this.
    due: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    is_copying: Arc<AtomicBool>,
    /// The length in pages at which the thread began to copy it,
    copied_at: i64,
    /// at which it is restarted if there is no reader,
    next_look: i64,
    /// and at which a writer waits for that.
    next_wait: i64,
}

impl Log {
    /// Starts the thread, which uses a connection of its own.
    pub fn start(connection: Connection) -> io::Result<Self> {
        let (due, received) = channel();
        let is_copying = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_copying);
        let thread = thread::Builder::new().name("checkpoint".to_owned()).spawn(move || {
            for () in received {
                if let Err(error) = connection.checkpoint() {
                    tracing::warn!(error = %Causes(&error), "the write-ahead log could not be checkpointed");
                }
                done.store(false, Ordering::Release);
            }
        })?;
        let (copied_at, next_look, next_wait) = (0, RESTART, RESTART);
        Ok(Self { due: Some(due), thread: Some(thread), is_copying, copied_at, next_look, next_wait })
    }

    /// Has the log copied, or restarts it, if it is long. Called with the writing connection between two transactions.
    pub fn limit_length(&mut self, writer: &Connection) {
        if self.is_copying.load(Ordering::Acquire) {
            return;
        }
        let restarted = writer.log_pages().and_then(|(length, copied)| {
            if length < RESTART {
                (self.next_look, self.next_wait) = (RESTART, RESTART);
            }
            let rest = length - copied;
            if length >= self.next_look && (rest <= REST || length >= MAX_LENGTH) {
                let waits = length >= self.next_wait;
                let is_restarted = writer.restart_log(if waits { READER_WAIT } else { Duration::ZERO })?;
                if !is_restarted {
                    self.next_look = length + LOOK_AGAIN;
                    // If a reader is slow, not each of the following writers waits for it.
                    self.next_wait = if waits { length + WAIT_AGAIN } else { self.next_wait };
                }
            } else if rest >= CHECKPOINT && !(self.copied_at..self.copied_at + LOOK_AGAIN).contains(&length) {
                self.copied_at = length;
                self.is_copying.store(true, Ordering::Release);
                // The thread ends after this.
                let _ = self.due.as_ref().map(|due| due.send(()));
            }
            Ok(())
        });
        if let Err(error) = restarted {
            tracing::warn!(error = %Causes(&error), "the write-ahead log could not be restarted");
        }
    }
}

impl Drop for Log {
    /// Waits for the thread: the connection that writes must be the last one that closes.
    fn drop(&mut self) {
        self.due = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
