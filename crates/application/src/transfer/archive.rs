//! Archives of other note programs, and memos as an archive.

use std::{
    fs::File,
    future::poll_fn,
    io::{self, Write},
    pin::pin,
    task::Poll,
};

use async_trait::async_trait;
use memo_domain::{Memo, Timestamp, UserId};
use thiserror::Error;

use super::{ImportClaim, Transfer, claim::RENEWED_AFTER};
use crate::Error;

/// What an archive comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// A zip of Markdown files.
    Markdown,
    /// A zip of Google Takeout with the notes of Keep.
    Keep,
    /// A file of Evernote.
    Enex,
    /// The JSON of usememos.
    Usememos,
    /// A file of Joplin.
    Jex,
}

/// What an archive has beside its memos.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveReport {
    /// What did not become (part of) a memo; the first ones.
    pub dropped: Vec<DroppedEntry>,
    /// How many more were dropped.
    pub dropped_more: u64,
}

/// Something in an archive that did not become (part of) a memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedEntry {
    /// Its name, for display only.
    pub name: String,
    /// Why, for a person.
    pub reason: String,
}

/// Why an archive as a whole cannot be imported.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// Another format, or no archive.
    #[error("the file is no archive of this kind")]
    NotAnArchive,
    /// Protected by a password.
    #[error("the archive is encrypted")]
    Encrypted,
    /// Its end is missing.
    #[error("the archive is incomplete")]
    Truncated,
    /// Damaged.
    #[error("the archive is damaged")]
    Damaged,
    /// It has too many entries.
    #[error("the archive has more than {max} entries")]
    TooManyEntries {
        /// The maximum number.
        max: u64,
    },
    /// Unpacked, it is too large.
    #[error("the archive has more than {max} bytes of text")]
    TooLarge {
        /// The maximum size in bytes.
        max: u64,
    },
    /// It is compressed as no text is.
    #[error("an entry is compressed more than {max} times")]
    Ratio {
        /// The maximum ratio.
        max: u64,
    },
    /// It cannot be read, or its memos cannot be written.
    #[error("reading or writing failed")]
    Io(#[source] io::Error),
}

/// Reads and writes archives, without keeping the threads busy that serve requests, and fairly between users.
#[async_trait]
pub trait ArchiveWorker: Send + Sync {
    /// Reads an archive and writes its memos, as the lines that an import takes. No time of a memo lies after `now`, except that
    /// of a reminder. The same archive gives the same ids. If the returned future is dropped, the work ends soon.
    ///
    /// # Errors
    /// [`Error::Archive`], after which some memos may be written, or [`Error::Overloaded`].
    async fn unpack(
        &self,
        owner: UserId,
        kind: ArchiveKind,
        archive: File,
        now: Timestamp,
        lines: Box<dyn Write + Send>,
    ) -> Result<ArchiveReport, Error>;

    /// Begins a zip of Markdown files.
    fn markdown(&self, owner: UserId) -> Box<dyn MarkdownArchive>;
}

/// A zip of Markdown files that is written piece by piece. Without its end it is visibly incomplete.
#[async_trait]
pub trait MarkdownArchive: Send {
    /// Appends a file for each memo, and returns the bytes of the archive that follow those returned before.
    ///
    /// # Errors
    /// [`Error::Overloaded`], or [`Error::Internal`].
    async fn append(&mut self, memos: Vec<Memo>) -> Result<Vec<u8>, Error>;

    /// Returns the end of the archive. Nothing may be appended after it.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    async fn finish(&mut self) -> Result<Vec<u8>, Error>;
}

impl Transfer {
    /// Reads an archive and writes its memos as lines; prolongs the claim meanwhile.
    ///
    /// # Errors
    /// Those of [`ArchiveWorker::unpack`], or [`Error::ImportRunning`] if the claim was lost.
    pub async fn unpack(
        &self,
        owner: UserId,
        kind: ArchiveKind,
        archive: File,
        lines: Box<dyn Write + Send>,
        claim: &mut ImportClaim,
    ) -> Result<ArchiveReport, Error> {
        let mut unpacked = self.archives.unpack(owner, kind, archive, self.ports.now(), lines);
        loop {
            let mut pause = pin!(self.ports.timer.sleep(RENEWED_AFTER));
            let done = poll_fn(|context| match unpacked.as_mut().poll(context) {
                Poll::Ready(report) => Poll::Ready(Some(report)),
                Poll::Pending => pause.as_mut().poll(context).map(|()| None),
            });
            if let Some(report) = done.await {
                return report;
            }
            claim.renew().await?;
        }
    }

    /// Begins a zip of Markdown files.
    #[must_use]
    pub fn markdown(&self, owner: UserId) -> Box<dyn MarkdownArchive> {
        self.archives.markdown(owner)
    }
}
