//! Revisions: the earlier texts of memos.

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

/// An earlier content, as what differs from the next one: what both begin and end with is not stored again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDelta {
    /// The number of bytes that both begin with.
    pub prefix: u32,
    /// The number of bytes that both end with.
    pub suffix: u32,
    /// The bytes of the earlier text between them.
    pub middle: Vec<u8>,
}

impl TextDelta {
    /// The delta from which [`apply`](Self::apply) makes the earlier text out of the later one.
    #[must_use]
    pub fn between(earlier: &str, later: &str) -> Self {
        let (earlier, later) = (earlier.as_bytes(), later.as_bytes());
        let prefix = common_prefix(earlier, later);
        let suffix = common_suffix(&earlier[prefix..], &later[prefix..]);
        let middle = earlier[prefix..earlier.len() - suffix].to_vec();
        // A text has fewer than 2³² bytes.
        let number = |length| u32::try_from(length).unwrap_or(u32::MAX);
        Self { prefix: number(prefix), suffix: number(suffix), middle }
    }

    /// The earlier text; `None` if the delta does not fit this text.
    #[must_use]
    pub fn apply(&self, later: &[u8]) -> Option<Vec<u8>> {
        let (prefix, suffix) = (usize::try_from(self.prefix).ok()?, usize::try_from(self.suffix).ok()?);
        let begin = later.get(..prefix)?;
        let end = later.get(later.len().checked_sub(suffix)?..)?;
        Some([begin, self.middle.as_slice(), end].concat())
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
///   greatest first, in pages that neither skip nor repeat one.
/// * `revisions_are_read_down_to_a_version`: [`list_down_to`](Self::list_down_to) MUST return up to `limit` revisions of a memo
///   with a version of at least `last` and less than `before`, the greatest first.
/// * `oldest_revisions_are_removed`: [`remove_all_but`](Self::remove_all_but) MUST remove all revisions of a memo but the `kept`
///   newest ones, and return how many it removed.
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn earlier_text_is_made_of_the_later_one(
            start in "[ab\u{ac00}]{0,700}", earlier in ".{0,20}", later in ".{0,20}", end in "[ab\u{ac00}]{0,700}",
        ) {
            let (earlier, later) = (format!("{start}{earlier}{end}"), format!("{start}{later}{end}"));
            let delta = TextDelta::between(&earlier, &later);
            prop_assert!(delta.middle.len() <= 80, "{}", delta.middle.len());
            prop_assert_eq!(delta.apply(later.as_bytes()), Some(earlier.into_bytes()));
        }
    }

    #[test]
    fn delta_of_another_text_is_refused() {
        let delta = TextDelta::between("one two three", "one three");
        assert_eq!(delta.apply(b"one"), None);
        assert_eq!(TextDelta { prefix: u32::MAX, suffix: 0, middle: Vec::new() }.apply(b"one"), None);
        assert_eq!(TextDelta { prefix: 0, suffix: u32::MAX, middle: Vec::new() }.apply(b"one"), None);
    }
}
