use std::{fmt, str::FromStr};

use thiserror::Error;

/// What an archive comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A zip of Markdown files: a vault of Obsidian, or an export of memo itself.
    Markdown,
    /// A zip of Google Takeout with the notes of Keep.
    Keep,
    /// A file of Evernote (`*.enex`).
    Enex,
    /// The JSON of `GET /api/v1/memos` of usememos: one or more pages, or an array of memos.
    Usememos,
    /// A file of Joplin (`*.jex`).
    Jex,
}

/// No source has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unknown source")]
pub struct UnknownSource;

impl Source {
    /// All sources.
    pub const ALL: [Self; 5] = [Self::Markdown, Self::Keep, Self::Enex, Self::Usememos, Self::Jex];

    /// The name in requests and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Keep => "keep",
            Self::Enex => "enex",
            Self::Usememos => "usememos",
            Self::Jex => "jex",
        }
    }

    /// What a file of this source is, for an error.
    pub(crate) const fn format(self) -> &'static str {
        match self {
            Self::Markdown | Self::Keep => "a zip archive",
            Self::Enex => "an export of Evernote (ENEX)",
            Self::Usememos => "a JSON list of memos",
            Self::Jex => "an export of Joplin (JEX)",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        Self::ALL.into_iter().find(|source| source.as_str() == name).ok_or(UnknownSource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_is_found_by_its_name() {
        for source in Source::ALL {
            assert_eq!(source.to_string().parse(), Ok(source));
        }
        assert_eq!("Keep".parse::<Source>(), Err(UnknownSource));
    }
}
