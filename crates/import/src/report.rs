use std::fmt;

use serde::{Serialize, Serializer};

use crate::name::display_name;

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of memos that were handed out.
    pub memos: u64,
    /// What could not become (part of) a memo, at most the first [`Report::MAX_DROPPED`].
    pub dropped: Vec<Dropped>,
    /// How many more were dropped than are listed.
    pub dropped_more: u64,
}

/// Something in an archive that did not become (part of) a memo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The name of the entry, of the note or of the attachment, for display only.
    pub name: String,
    /// Why; serialized as its text.
    pub reason: Reason,
}

/// Why something was dropped. The text is written for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Not a note.
    Attachment,
    /// A symbolic or hard link.
    Link,
    /// A name with `..`, a drive, a leading slash, NUL, or too many characters.
    UnsafeName,
    /// Another entry has the same name.
    SameName,
    /// Larger than [`Limits::entry_bytes`](crate::Limits::entry_bytes).
    TooLarge {
        /// The maximum size in bytes.
        max: u64,
    },
    /// A compression method other than "stored" and "deflated".
    Method,
    /// The data do not have the form of their compression, or not the checksum that is stored with them.
    Damaged,
    /// Neither UTF-8, nor UTF-16 with a byte order mark, nor EUC-KR.
    NotText,
    /// Not of the form that the source writes.
    Malformed,
    /// Nested too deeply.
    TooDeep,
    /// Encrypted by the program that it comes from.
    Encrypted,
    /// Tags of a note that exceed the limits.
    Tags,
}

impl Report {
    /// The maximum length of [`Report::dropped`].
    pub const MAX_DROPPED: usize = 1_000;

    pub(crate) fn drop(&mut self, name: &str, reason: Reason) {
        self.push(reason, || display_name(name));
    }

    /// Reports an attachment of a note. The name of the note may be as long as an entry, and a note may have any number of them.
    pub(crate) fn drop_attachment(&mut self, note: &str, name: &str) {
        self.push(Reason::Attachment, || display_name(&format!("{}: {}", display_name(note), display_name(name))));
    }

    fn push(&mut self, reason: Reason, name: impl FnOnce() -> String) {
        if self.dropped.len() < Self::MAX_DROPPED {
            self.dropped.push(Dropped { name: name(), reason });
        } else {
            self.dropped_more += 1;
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attachment => "attachments are not imported",
            Self::Link => "a link, not a file",
            Self::UnsafeName => "the name is not a plain path",
            Self::SameName => "another entry has the same name",
            Self::TooLarge { max } => return write!(f, "larger than {max} bytes"),
            Self::Method => "the compression method is not supported",
            Self::Damaged => "the data are damaged",
            Self::NotText => "the text is neither UTF-8 nor UTF-16 nor EUC-KR",
            Self::Malformed => "not in the expected format",
            Self::TooDeep => "nested too deeply",
            Self::Encrypted => "encrypted",
            Self::Tags => "tags beyond the first 20, or beyond 50 characters, are left out",
        })
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_dropped_entries_are_listed_and_the_rest_is_counted() {
        let mut report = Report::default();
        for number in 0..1_003 {
            report.drop(&format!("{number}.png"), Reason::Attachment);
        }
        assert_eq!((report.dropped.len(), report.dropped_more), (1_000, 3));
        let first = serde_json::to_string(&report.dropped[0]).expect("serialized");
        assert_eq!(first, r#"{"name":"0.png","reason":"attachments are not imported"}"#);
    }
}
