//! A memo, the values it is made of, and the port that keeps it.

mod query;
mod repository;
mod search;
mod tag;
mod text;

pub use query::{MemoCursor, MemoFilter, MemoScope, MemoSort, SortDirection, SortField, SortPosition};
pub use repository::MemoRepository;
pub use search::{SearchQuery, SearchTerm};
pub use tag::{Tag, TagCount, Tags};
pub use text::{Content, Title};

use crate::{DisplayName, MemoId, Timestamp, UserId};

/// Who may read a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Its owner alone.
    #[default]
    Private,
    /// Every signed-in member.
    Public,
}

/// Counts the changes of an entity, from 1. The base of optimistic locking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u32);

impl Version {
    /// The version of a new entity.
    pub const FIRST: Self = Self(1);

    /// Wraps a number that a store kept or a client sent.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The version behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The part of a memo that its owner writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoState {
    /// One line that names it.
    pub title: Title,
    /// Markdown, kept byte for byte.
    pub content: Content,
    /// In the order given, each once.
    pub tags: Tags,
    /// Held at the top by clients.
    pub pinned: bool,
    /// Put away: not in the list by default.
    pub archived: bool,
    /// Who may read it.
    pub visibility: Visibility,
    /// When its owner wants to be reminded.
    pub remind_at: Option<Timestamp>,
}

/// A memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    /// Its id, for good.
    pub id: MemoId,
    /// The member it belongs to, for good.
    pub owner_id: UserId,
    /// What its owner wrote.
    pub state: MemoState,
    /// When its owner was reminded.
    pub reminded_at: Option<Timestamp>,
    /// How many states it had, this one included.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it was moved to the trash; `None` where it is not in the trash.
    pub deleted_at: Option<Timestamp>,
}

impl Memo {
    /// A new memo in its first version.
    #[must_use]
    pub fn create(id: MemoId, owner_id: UserId, state: MemoState, now: Timestamp) -> Self {
        Self {
            id,
            owner_id,
            state,
            reminded_at: None,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// Replaces what its owner writes. A changed reminder has not reminded yet.
    pub fn rewrite(&mut self, state: MemoState, now: Timestamp) {
        if state.remind_at != self.state.remind_at {
            self.reminded_at = None;
        }
        self.state = state;
        self.touch(now);
    }

    /// Moves it to the trash.
    pub fn trash(&mut self, now: Timestamp) {
        self.deleted_at = Some(now);
        self.touch(now);
    }

    /// Takes it out of the trash.
    pub fn restore(&mut self, now: Timestamp) {
        self.deleted_at = None;
        self.touch(now);
    }

    /// Whether it is in the trash.
    #[must_use]
    pub const fn is_trashed(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Whether a member may read it: their own in any state, those of others while public and not in the trash.
    #[must_use]
    pub fn is_visible_to(&self, viewer: UserId) -> bool {
        self.owner_id == viewer || (self.state.visibility == Visibility::Public && !self.is_trashed())
    }

    fn touch(&mut self, now: Timestamp) {
        self.version = self.version.next();
        self.updated_at = now;
    }
}

/// A memo as it is read: with what other aggregates add to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoView {
    /// The memo.
    pub memo: Memo,
    /// The display name of its owner at the time of reading.
    pub owner_name: DisplayName,
}
