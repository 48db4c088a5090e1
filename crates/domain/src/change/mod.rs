//! The change feed: what has become of a member's memos, in order.

mod repository;

pub use repository::ChangeRepository;

use crate::{Memo, MemoId, Timestamp, Version};

/// What has become of a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// What its owner writes has changed.
    Updated,
    /// It was moved to the trash.
    Trashed,
    /// It was taken out of the trash.
    Restored,
    /// It was removed for good.
    Deleted,
}

impl ChangeKind {
    /// Every kind, by its name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("memo.created", Self::Created),
        ("memo.updated", Self::Updated),
        ("memo.trashed", Self::Trashed),
        ("memo.restored", Self::Restored),
        ("memo.deleted", Self::Deleted),
    ];

    /// The name, as it is sent and kept.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "memo.created",
            Self::Updated => "memo.updated",
            Self::Trashed => "memo.trashed",
            Self::Restored => "memo.restored",
            Self::Deleted => "memo.deleted",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(known, kind)| (known == name).then_some(kind))
    }
}

/// A change that has no number yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewChange {
    /// What has become of the memo.
    pub kind: ChangeKind,
    /// Which memo; it may be gone.
    pub memo_id: MemoId,
    /// The version that the change led to; that of the last state where the memo is gone.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

impl NewChange {
    /// What has just become of a memo.
    #[must_use]
    pub const fn of(memo: &Memo, kind: ChangeKind, at: Timestamp) -> Self {
        Self { kind, memo_id: memo.id, version: memo.version, at }
    }
}

/// Names a state of what a member reads of their own memos: while it is the same, they read the same. Each change of a
/// memo has a number, and each change of their name a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The number of the last change of a memo; 0 where there was none.
    pub last_change: u64,
    /// The version of the member.
    pub member: Version,
}

/// A change of one member's memos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its place among all changes of this member: 1, 2, 3 and so on.
    pub seq: u64,
    /// What has become of the memo.
    pub kind: ChangeKind,
    /// Which memo; it may be gone.
    pub memo_id: MemoId,
    /// The version that the change led to; that of the last state where the memo is gone.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

impl Change {
    /// A change in its place.
    #[must_use]
    pub const fn new(seq: u64, change: NewChange) -> Self {
        let NewChange { kind, memo_id, version, at } = change;
        Self { seq, kind, memo_id, version, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_name() {
        for (name, kind) in ChangeKind::NAMES {
            assert_eq!(kind.name(), name);
            assert_eq!(ChangeKind::from_name(name), Some(kind));
        }
        assert_eq!(ChangeKind::from_name("memo.liked"), None);
    }
}
