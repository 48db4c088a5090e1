//! The revisions of an imported memo. Each content is a delta to that of the next newer revision, so they are read in this order, one
//! after the other, with one text in memory.

use memo_domain::{
    ChangeOrigin, Content, InvalidValue, MemoId, Revision, RevisionHead, Tags, TextDelta, Timestamp, Title, Version,
};

use super::{ImportedMemo, Transfer};

/// A revision that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRevision {
    /// The id that the memo had.
    pub memo_id: MemoId,
    /// The version that had this text.
    pub version: Version,
    /// The title.
    pub title: Title,
    /// The content.
    pub text: ImportedText,
    /// The tags.
    pub tags: Tags,
    /// When this version was made.
    pub at: Timestamp,
    /// When the text was replaced.
    pub replaced_at: Timestamp,
    /// What it was replaced through.
    pub replaced_through: ChangeOrigin,
}

/// The content of a revision that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportedText {
    /// All of it.
    Whole(Content),
    /// What differs from the content of the next newer revision, or of the memo.
    Delta(TextDelta),
}

/// Why a revision is not imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnfitRevision {
    /// Its memo, with the newer revisions, does not come before it.
    Detached,
    /// As many newer ones of its memo are imported as are kept, or as many bytes of them.
    TooOld,
    /// Its version is not less than that of the next newer one.
    Version(InvalidValue),
    /// The delta does not fit the content after it, or makes no valid content.
    Delta(InvalidValue),
}

/// The text that the next revision of a memo is a delta to.
#[derive(Debug, Clone)]
pub struct ImportedHistory {
    memo: MemoId,
    version: Version,
    text: String,
    /// How many more revisions are kept,
    room: u32,
    /// and how many bytes of them.
    bytes: usize,
    now: Timestamp,
}

impl Transfer {
    /// Begins the revisions of a memo.
    #[must_use]
    pub fn history(&self, memo: &ImportedMemo) -> ImportedHistory {
        ImportedHistory {
            memo: memo.id,
            version: memo.version,
            text: memo.state.content.as_str().to_owned(),
            room: self.ports.revisions,
            bytes: Revision::MAX_BYTES + self.ports.revisions as usize * Revision::SHORT,
            now: self.ports.now(),
        }
    }
}

impl ImportedHistory {
    /// Returns the next older revision as it is stored.
    ///
    /// # Errors
    /// [`UnfitRevision`].
    pub fn next(&mut self, revision: ImportedRevision) -> Result<Revision, UnfitRevision> {
        let ImportedRevision { memo_id, version, title, text, tags, at, replaced_at, replaced_through } = revision;
        if memo_id != self.memo {
            return Err(UnfitRevision::Detached);
        }
        if version >= self.version {
            // Nothing is older than the first version.
            let max = self.version.get().saturating_sub(1) as usize;
            return Err(UnfitRevision::Version(InvalidValue::TooLarge { max }));
        }
        if self.room == 0 {
            return Err(UnfitRevision::TooOld);
        }
        let (text, delta) = match text {
            ImportedText::Whole(content) => {
                let text = content.into_string();
                let delta = TextDelta::between(&text, &self.text);
                (text, delta)
            }
            ImportedText::Delta(delta) => {
                let text = delta.apply(&self.text).ok_or(UnfitRevision::Delta(InvalidValue::Malformed))?;
                (Content::new(text).map_err(UnfitRevision::Delta)?.into_string(), delta)
            }
        };
        let Some(bytes) = self.bytes.checked_sub(delta.middle.len()) else {
            self.room = 0;
            return Err(UnfitRevision::TooOld);
        };
        (self.version, self.text, self.room, self.bytes) = (version, text, self.room - 1, bytes);
        let at = at.min(self.now);
        let replaced_at = replaced_at.min(self.now).not_before(at);
        Ok(Revision { head: RevisionHead { memo_id, version, title, tags, at, replaced_at, replaced_through }, delta })
    }

    /// The length in bytes of the text that the next revision is a delta to.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.text.len()
    }
}
