//! Archives of other note programs as memos, and memos as a zip of Markdown files.
//!
//! [`import`] reads an archive, one entry at a time, and hands each memo to a callback; what cannot become a memo is in the
//! [`Report`]. [`MarkdownZip`] writes memos. Nothing here waits for a network or a clock, and no name in an archive is used as a
//! path.
//!
//! Archives may be hostile: what each may cost is bounded by [`Limits`].

#![deny(missing_docs)]

mod collector;
mod encoding;
mod enex;
mod error;
mod fit;
mod id;
mod input;
mod jex;
mod keep;
mod limits;
mod markdown;
mod name;
mod note;
mod record;
mod report;
mod source;
mod tar;
#[cfg(test)]
mod testing;
mod time;
mod usememos;
mod zip;

pub use error::ImportError;
pub use limits::Limits;
pub use markdown::{MarkdownZip, import_folder};
pub use record::MemoRecord;
pub use report::{Dropped, Reason, Report};
pub use source::{Source, UnknownSource};

use std::io::{self, Read, Seek};

use collector::Collector;
use memo_domain::Timestamp;

/// Imports an archive, given as a file that can be sought, e.g. a spooled request body.
///
/// Each memo is handed to `sink`, in the order of the archive. An error of the sink ends the import as [`ImportError::Io`]. No
/// time of a memo lies after `now`, except that of a reminder. The same archive gives the same ids, so it may be imported again.
///
/// # Errors
/// [`ImportError`] if the archive as a whole cannot be read. Memos may have been handed out before it. What concerns a single note
/// is no error: it is in the report.
pub fn import(
    source: Source,
    mut input: impl Read + Seek,
    now: Timestamp,
    limits: &Limits,
    sink: &mut dyn FnMut(MemoRecord) -> io::Result<()>,
) -> Result<Report, ImportError> {
    let mut collector = Collector::new(source, now, limits, sink);
    let read = match source {
        Source::Markdown => markdown::read,
        Source::Keep => keep::read,
        Source::Enex => enex::read,
        Source::Usememos => usememos::read,
        Source::Jex => jex::read,
    };
    read(&mut input, &mut collector)?;
    Ok(collector.finish())
}
