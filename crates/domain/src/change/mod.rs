//! The change feed: the changes of a user's memos, in order.

mod repository;

pub use repository::ChangeRepository;

use crate::{Memo, MemoId, Timestamp, Version};

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The memo was created.
    Created,
    /// The owner's part of the memo changed.
    Updated,
    /// The memo was moved to the trash.
    Trashed,
    /// The memo was moved out of the trash.
    Restored,
    /// The memo was deleted for good.
    Deleted,
    /// A user likes the memo. It has no new version.
    Liked,
    /// A user does not like the memo any more. It has no new version.
    Unliked,
    /// The owner was reminded. The memo has no new version.
    Reminded,
}

impl ChangeKind {
    /// Every kind, by its stable name for stores.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("memo.created", Self::Created),
        ("memo.updated", Self::Updated),
        ("memo.trashed", Self::Trashed),
        ("memo.restored", Self::Restored),
        ("memo.deleted", Self::Deleted),
        ("memo.liked", Self::Liked),
        ("memo.unliked", Self::Unliked),
        ("memo.reminded", Self::Reminded),
    ];

    /// The stable name, for stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "memo.created",
            Self::Updated => "memo.updated",
            Self::Trashed => "memo.trashed",
            Self::Restored => "memo.restored",
            Self::Deleted => "memo.deleted",
            Self::Liked => "memo.liked",
            Self::Unliked => "memo.unliked",
            Self::Reminded => "memo.reminded",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(known, kind)| (known == name).then_some(kind))
    }
}

/// A change without a number yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewChange {
    /// What has become of the memo.
    pub kind: ChangeKind,
    /// The memo; it may be deleted.
    pub memo_id: MemoId,
    /// The memo's version after the change; the last one if it was deleted.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

impl NewChange {
    /// A change of a memo at its current version.
    #[must_use]
    pub const fn of(memo: &Memo, kind: ChangeKind, at: Timestamp) -> Self {
        Self { kind, memo_id: memo.id, version: memo.version, at }
    }
}

/// Identifies the state of all that a user reads of their own memos: while it is the same, they read the same. Each change
/// of a memo, and of its likes, has a number, and each change of the display name a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The number of the last change; 0 before the first one.
    pub last_change: u64,
    /// The version of the user.
    pub user: Version,
}

/// A change of one user's memos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The number of the change among those of this user: 1, 2, 3 …
    pub seq: u64,
    /// What has become of the memo.
    pub kind: ChangeKind,
    /// The memo; it may be deleted.
    pub memo_id: MemoId,
    /// The memo's version after the change; the last one if it was deleted.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

impl Change {
    /// Gives a change its number.
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
    fn kind_names_round_trip() {
        for (name, kind) in ChangeKind::NAMES {
            assert_eq!(kind.name(), name);
            assert_eq!(ChangeKind::from_name(name), Some(kind));
        }
        assert_eq!(ChangeKind::from_name("memo.painted"), None);
    }
}
