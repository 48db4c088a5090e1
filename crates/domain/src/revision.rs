//! Revisions: the earlier texts of memos.

use std::ops::Range;

use async_trait::async_trait;

use crate::{
    ApiKeyId, Memo, MemoId, MemoState, Page, PageRequest, SessionId, StoreError, Tags, Timestamp, Title, Version,
};

/// How many bytes are compared at once.
const BLOCK: usize = 256;

/// What a memo was changed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOrigin {
    /// A session of the owner.
    Session(SessionId),
    /// An API key of the owner.
    ApiKey(ApiKeyId),
    /// The server itself, such as the steps of a long operation.
    Server,
}

/// An earlier content, as what differs from the next one: what both begin and end with is not stored again. Both numbers count
/// whole characters, so that what lies between is a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDelta {
    /// The number of bytes that both begin with.
    pub prefix: u32,
    /// The number of bytes that both end with.
    pub suffix: u32,
    /// The earlier text between them.
    pub middle: String,
}

impl TextDelta {
    /// The delta from which [`apply`](Self::apply) makes the earlier text out of the later one.
    #[must_use]
    pub fn between(earlier: &str, later: &str) -> Self {
        let (one, other) = (earlier.as_bytes(), later.as_bytes());
        let prefix = earlier.floor_char_boundary(common_prefix(one, other));
        let end = earlier.len() - common_suffix(&one[prefix..], &other[prefix..]);
        let end = earlier.ceil_char_boundary(end);
        // A text has fewer than 2³² bytes.
        let number = |length| u32::try_from(length).unwrap_or(u32::MAX);
        Self { prefix: number(prefix), suffix: number(earlier.len() - end), middle: earlier[prefix..end].to_owned() }
    }

    /// The earlier text; `None` if the delta does not fit this text. It is at most as long as this text and the middle together.
    #[must_use]
    pub fn apply(&self, later: &str) -> Option<String> {
        TextParts::of(later).apply(self).map(|parts| parts.text())
    }
}

/// A text as the parts of others that it is made of. Many deltas, one after the other, then take no time for the length of the text.
#[derive(Debug, Clone)]
pub struct TextParts<'t>(Vec<&'t str>);

impl<'t> TextParts<'t> {
    /// A whole text.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        Self(vec![text])
    }

    /// The earlier text; `None` if the delta does not fit this text.
    #[must_use]
    pub fn apply(&self, delta: &'t TextDelta) -> Option<Self> {
        let (prefix, suffix) = (usize::try_from(delta.prefix).ok()?, usize::try_from(delta.suffix).ok()?);
        let length: usize = self.0.iter().map(|part| part.len()).sum();
        let end = length.checked_sub(suffix).filter(|end| prefix <= *end)?;
        let mut parts = Vec::with_capacity(self.0.len() + 2);
        self.copy(0..prefix, &mut parts)?;
        parts.push(delta.middle.as_str());
        self.copy(end..length, &mut parts)?;
        Some(Self(parts))
    }

    /// Appends a part of the text; `None` if that would cut a character.
    fn copy(&self, range: Range<usize>, to: &mut Vec<&'t str>) -> Option<()> {
        let mut start = 0;
        for part in &self.0 {
            let (from, until) = (range.start.max(start), range.end.min(start + part.len()));
            if from < until {
                to.push(part.get(from - start..until - start)?);
            }
            start += part.len();
        }
        Some(())
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.concat()
    }
}

/// The number of bytes that two texts begin with both.
fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK)).take_while(|(one, other)| one == other);
    let start = blocks.count() * BLOCK;
    start + one[start..].iter().zip(&other[start..]).take_while(|(one, other)| one == other).count()
}

/// The number of bytes that two texts end with both.
fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK)).take_while(|(one, other)| one == other);
    let end = blocks.count() * BLOCK;
    let (one, other) = (&one[..one.len() - end], &other[..other.len() - end]);
    end + one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}

/// An earlier text of a memo, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionHead {
    /// The memo.
    pub memo_id: MemoId,
    /// The version that had this text.
    pub version: Version,
    /// The title.
    pub title: Title,
    /// The tags.
    pub tags: Tags,
    /// When this version was made.
    pub at: Timestamp,
    /// When the text was replaced.
    pub replaced_at: Timestamp,
    /// What it was replaced through.
    pub replaced_through: ChangeOrigin,
}

/// An earlier text of a memo. Its content is a delta to the next newer revision, or to the memo if it is the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// All but the content.
    pub head: RevisionHead,
    /// The content.
    pub delta: TextDelta,
}

impl Revision {
    /// The contents of the revisions of a memo have at most this many bytes, and [`SHORT`](Self::SHORT) more for each of them. The
    /// oldest are removed.
    pub const MAX_BYTES: usize = 4 << 20;
    /// The length in bytes of a content after which no old revisions are looked for: as many as are kept are not many bytes.
    pub const SHORT: usize = 4 << 10;

    /// The text of a memo that is replaced by that of this state; `None` if it stays the same.
    #[must_use]
    pub fn of(memo: &Memo, next: &MemoState, now: Timestamp, through: ChangeOrigin) -> Option<Self> {
        let MemoState { title, content, tags, .. } = &memo.state;
        if *title == next.title && *content == next.content && *tags == next.tags {
            return None;
        }
        let head = RevisionHead {
            memo_id: memo.id,
            version: memo.version,
            title: title.clone(),
            tags: tags.clone(),
            at: memo.updated_at,
            replaced_at: now.not_before(memo.updated_at),
            replaced_through: through,
        };
        Some(Self { head, delta: TextDelta::between(content.as_str(), next.content.as_str()) })
    }
}

/// Stores revisions.
///
/// # Contract
/// * `a_revision_reads_back_equal`: what was inserted MUST read back equal, its head in a [`list`](Self::list), too.
/// * `a_memo_has_one_revision_of_a_version`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the memo has a revision of this version.
/// * `a_revision_needs_its_memo`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if the
///   memo does not exist.
/// * `revisions_are_listed_newest_first`: [`list`](Self::list) MUST return the heads of all revisions of a memo by version, the
///   greatest first, in pages that neither skip nor repeat one, with [`Page::next`] `None` exactly on the last.
/// * `revisions_are_read_down_to_a_version`: [`list_down_to`](Self::list_down_to) MUST return up to `limit` revisions of a memo
///   with a version of at least `last` and less than `before`, the greatest first.
/// * `oldest_revisions_are_removed`: [`remove_all_but`](Self::remove_all_but) MUST remove all revisions of a memo but the `kept`
///   newest ones, and return how many it removed.
/// * `oldest_revisions_are_removed_by_size`: [`remove_over`](Self::remove_over) MUST keep the newest revisions of a memo whose
///   contents ([`TextDelta::middle`]) have up to `bytes` together, remove the others, and return how many it removed.
/// * `revisions_are_removed_with_their_memo`: when a memo is removed, its revisions MUST be.
#[async_trait]
pub trait RevisionRepository: Send {
    /// Adds a revision.
    async fn insert(&mut self, revision: &Revision) -> Result<(), StoreError>;

    /// Returns a page of the revisions of a memo, without their contents; its cursor is the version of the last one.
    async fn list(
        &mut self,
        memo: MemoId,
        page: &PageRequest<Version>,
    ) -> Result<Page<RevisionHead, Version>, StoreError>;

    /// Returns some of the revisions of a memo.
    async fn list_down_to(
        &mut self,
        memo: MemoId,
        before: Version,
        last: Version,
        limit: u32,
    ) -> Result<Vec<Revision>, StoreError>;

    /// Removes the oldest revisions of a memo.
    async fn remove_all_but(&mut self, memo: MemoId, kept: u32) -> Result<u64, StoreError>;

    /// Removes the oldest revisions of a memo whose contents are too long together.
    async fn remove_over(&mut self, memo: MemoId, bytes: u64) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn earlier_text_is_made_of_the_later_one(
            start in "[ab\u{ac00}]{0,700}", earlier in "[\u{ac00}-\u{ac7f}]{0,3}.{0,20}", later in "[\u{ac00}-\u{ac7f}]{0,3}.{0,20}",
            end in "[ab\u{ac00}]{0,700}",
        ) {
            let (earlier, later) = (format!("{start}{earlier}{end}"), format!("{start}{later}{end}"));
            let delta = TextDelta::between(&earlier, &later);
            prop_assert!(delta.middle.len() <= 92, "{}", delta.middle.len());
            prop_assert_eq!(delta.apply(&later), Some(earlier));
        }
    }

    #[test]
    fn delta_is_a_text_between_whole_characters() {
        // The first two bytes of both are the same, and the last one of the two after them.
        for (earlier, later) in
            [("\u{ac00}", "\u{ac01}"), ("\u{ac00}\u{ac00}", "\u{ac00}\u{b400}"), ("\u{e9}", "\u{a9}")]
        {
            let delta = TextDelta::between(earlier, later);
            assert_eq!(delta.apply(later).as_deref(), Some(earlier), "{delta:?}");
            assert!(earlier.ends_with(&delta.middle) && !delta.middle.is_empty(), "{delta:?}");
        }
    }

    #[test]
    fn parts_make_the_text_that_delta_after_delta_makes() {
        let words = ["회의", "", "a", "배포 일정", "🙂"];
        // Edits at changing places, some of which remove what earlier ones left.
        let texts: Vec<String> =
            (0..40).map(|n| (0..n % 17).map(|m| words[(n * m + m) % words.len()]).collect()).collect();
        let deltas: Vec<_> = texts.windows(2).map(|pair| TextDelta::between(&pair[1], &pair[0])).collect();
        let mut parts = TextParts::of(&texts[0]);
        for (delta, text) in deltas.iter().zip(&texts[1..]) {
            parts = parts.apply(delta).expect("it fits");
            assert_eq!(parts.text(), *text);
        }
    }

    #[test]
    fn delta_of_another_text_is_refused() {
        let delta = TextDelta::between("one two three", "one three");
        assert_eq!(delta.apply("one"), None);
        let delta = |prefix, suffix| TextDelta { prefix, suffix, middle: String::new() };
        for (prefix, suffix) in [(u32::MAX, 0), (0, u32::MAX), (2, 2)] {
            assert_eq!(delta(prefix, suffix).apply("one"), None, "{prefix} {suffix}");
        }
        // They would cut a character.
        assert_eq!(delta(1, 0).apply("\u{ac00}"), None);
        assert_eq!(delta(0, 2).apply("\u{ac00}"), None);
    }
}
