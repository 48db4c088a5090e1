use std::io;

use thiserror::Error;

/// Why an archive as a whole cannot be imported. The text is written for a person.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Another format, or no archive.
    #[error("the file is not {expected}")]
    NotAnArchive {
        /// What it should be.
        expected: &'static str,
    },
    /// Protected by a password.
    #[error("“{name}” is encrypted: create the archive without a password")]
    Encrypted {
        /// The name of an encrypted entry.
        name: String,
    },
    /// The end is missing, e.g. after an interrupted download.
    #[error("the file is incomplete: a part of it is missing")]
    Truncated,
    /// More than [`Limits::entries`](crate::Limits::entries).
    #[error("the file has more than {max} entries")]
    TooManyEntries {
        /// The maximum number.
        max: u64,
    },
    /// More than [`Limits::total_bytes`](crate::Limits::total_bytes) in all, or, in a file without entries (Evernote, usememos), more
    /// than [`Limits::entry_bytes`](crate::Limits::entry_bytes) in one note.
    #[error("the file has more than {max} bytes of text")]
    TooLarge {
        /// The maximum size in bytes.
        max: u64,
    },
    /// More than [`Limits::ratio`](crate::Limits::ratio).
    #[error("“{name}” is compressed more than {max} times, which no text is")]
    Ratio {
        /// The name of the entry.
        name: String,
        /// The maximum ratio.
        max: u64,
    },
    /// Damaged.
    #[error("the file is damaged: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
    },
    /// The file cannot be read, or the sink failed.
    #[error("reading or writing failed")]
    Io(#[source] io::Error),
}

impl ImportError {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into() }
    }
}

/// An end that comes too early is [`ImportError::Truncated`].
impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Io(error) }
    }
}
