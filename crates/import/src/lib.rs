//! Archives of other note programs as memos, and memos as a zip of Markdown files.
//!
//! [`import`] reads an archive, one entry at a time, and hands each memo to a callback; what cannot become a memo is in the
//! [`Report`]. [`MarkdownZip`] writes memos. Nothing here waits for a network or a clock, and no name in an archive is used as a
//! path.
//!
//! Archives may be hostile: what each may cost is bounded by [`Limits`].
//!
//! How a note becomes a memo:
//!
//! * Its id is derived from its time of creation and from what identifies it in its source (an id, a path, or title and time), so
//!   that a note which is imported again is the same memo. An export of memo keeps its ids.
//! * A title that is too long is cut, and stands whole above the content. A content that is too long becomes several memos,
//!   `title (1/3)` and so on. Of the tags, the first 20 are kept, and 50 characters of each; the report says if any are left out.
//! * Times are kept; without an offset, they are UTC. A note in the trash of another program is moved to that of memo at the time of
//!   the import.
//! * Attachments are not imported; the report lists them. Links to them stay in the content.

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

/// Imports an archive, e.g. a spooled request body.
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
