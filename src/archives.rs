//! Reads and writes archives of notes.

use std::{
    fs::File,
    io::{self, BufReader, Write},
    mem,
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use async_trait::async_trait;
use memo_application::{ArchiveError, ArchiveKind, ArchiveReport, ArchiveWorker, DroppedEntry, Error, MarkdownArchive};
use memo_domain::{Memo, Timestamp, UserId};
use memo_fair::{Capacity, FairSemaphore};
use memo_import::{ImportError, Limits, MarkdownZip, MemoRecord, Report, Source, import};
use tokio::task::spawn_blocking;

/// How many users may wait; each has one import and two exports at a time.
const WAITING: usize = 100;
const WAITING_OF_USER: usize = 4;

/// Works on threads for blocking work, one fewer than there are cores, and takes turns between users. Exports do not wait for
/// imports, which may take a minute.
pub struct ArchiveThreads {
    reading: FairSemaphore<UserId>,
    writing: FairSemaphore<UserId>,
    /// The maximum size of all notes of an archive, in bytes.
    max_bytes: u64,
}

impl ArchiveThreads {
    pub fn new(max_bytes: u64) -> Self {
        let permits = available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1);
        let capacity = Capacity { permits, permits_per_key: 1, waiting: WAITING, waiting_per_key: WAITING_OF_USER };
        Self { reading: FairSemaphore::new(capacity), writing: FairSemaphore::new(capacity), max_bytes }
    }
}

async fn run<T: Send + 'static>(
    turns: &FairSemaphore<UserId>,
    owner: UserId,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let busy = |_| Error::Overloaded { retry_after: Duration::from_secs(5) };
    let permit = turns.acquire(owner).await.map_err(busy)?;
    let done = spawn_blocking(move || {
        // It is returned when the work is done, also if no caller waits for it any more.
        let _permit = permit;
        work()
    });
    done.await.map_err(|panic| Error::Internal { source: panic.into() })
}

#[async_trait]
impl ArchiveWorker for ArchiveThreads {
    async fn unpack(
        &self,
        owner: UserId,
        kind: ArchiveKind,
        archive: File,
        now: Timestamp,
        mut lines: Box<dyn Write + Send>,
    ) -> Result<ArchiveReport, Error> {
        let limits = Limits { total_bytes: self.max_bytes, ..Limits::default() };
        // Dropped with this future.
        let caller = Arc::new(());
        let waiting = Arc::downgrade(&caller);
        let unpack = move || {
            let mut sink = |memo: MemoRecord| {
                if waiting.strong_count() == 0 {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                memo.write_line(&mut lines)
            };
            let report = import(source(kind), BufReader::new(archive), now, &limits, &mut sink)?;
            lines.flush().map_err(ImportError::Io)?;
            Ok(report)
        };
        let unpacked = run(&self.reading, owner, unpack).await?;
        drop(caller);
        Ok(unpacked.map(archive_report).map_err(archive_error)?)
    }

    fn markdown(&self, owner: UserId) -> Box<dyn MarkdownArchive> {
        let zip = Some(MarkdownZip::new(Vec::new()));
        Box::new(ZipThreads { turns: self.writing.clone(), owner, zip })
    }
}

const fn source(kind: ArchiveKind) -> Source {
    match kind {
        ArchiveKind::Markdown => Source::Markdown,
        ArchiveKind::Keep => Source::Keep,
        ArchiveKind::Enex => Source::Enex,
        ArchiveKind::Usememos => Source::Usememos,
        ArchiveKind::Jex => Source::Jex,
    }
}

fn archive_report(report: Report) -> ArchiveReport {
    let dropped = report.dropped.into_iter();
    ArchiveReport {
        dropped: dropped
            .map(|dropped| DroppedEntry { name: dropped.name, reason: dropped.reason.to_string() })
            .collect(),
        dropped_more: report.dropped_more,
    }
}

fn archive_error(error: ImportError) -> ArchiveError {
    match error {
        ImportError::NotAnArchive { .. } => ArchiveError::NotAnArchive,
        ImportError::Encrypted { .. } => ArchiveError::Encrypted,
        ImportError::Truncated => ArchiveError::Truncated,
        ImportError::TooManyEntries { max } => ArchiveError::TooManyEntries { max },
        ImportError::TooLarge { max } => ArchiveError::TooLarge { max },
        ImportError::Ratio { max, .. } => ArchiveError::Ratio { max },
        ImportError::Malformed { .. } => ArchiveError::Damaged,
        ImportError::Io(error) => ArchiveError::Io(error),
    }
}

/// A zip that is written on a thread for blocking work, which it is handed to and back.
struct ZipThreads {
    turns: FairSemaphore<UserId>,
    owner: UserId,
    /// `None` after its end, or after an error.
    zip: Option<MarkdownZip<Vec<u8>>>,
}

impl ZipThreads {
    fn take(&mut self) -> Result<MarkdownZip<Vec<u8>>, Error> {
        self.zip.take().ok_or_else(|| Error::Internal { source: "the archive has ended".into() })
    }
}

fn internal(error: io::Error) -> Error {
    Error::Internal { source: error.into() }
}

#[async_trait]
impl MarkdownArchive for ZipThreads {
    async fn append(&mut self, memos: Vec<Memo>) -> Result<Vec<u8>, Error> {
        let mut zip = self.take()?;
        let append = move || {
            memos.into_iter().try_for_each(|memo| zip.append(&memo.into()))?;
            let bytes = mem::take(zip.output_mut());
            Ok((zip, bytes))
        };
        let (zip, bytes) = run(&self.turns, self.owner, append).await?.map_err(internal)?;
        self.zip = Some(zip);
        Ok(bytes)
    }

    async fn finish(&mut self) -> Result<Vec<u8>, Error> {
        self.take()?.finish().map_err(internal)
    }
}
