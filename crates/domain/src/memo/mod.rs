//! Memos, their value objects, and the repository port.

mod facts;
mod links;
mod query;
mod repository;
mod search;
mod search_text;
mod state;
mod tag;
mod text;

pub use facts::MemoFacts;
pub use links::{LinkRepository, LinkTarget};
pub use query::{MemoCursor, MemoFilter, MemoScope, MemoSort, SortDirection, SortField, SortPosition};
pub use repository::MemoRepository;
pub use search::{SearchQuery, SearchTerm};
pub use search_text::SearchText;
pub use state::*;
pub use tag::{Tag, TagCount, Tags};
pub use text::*;

use uuid::{Variant, Version as UuidVersion};

use crate::{DisplayName, Id, InvalidValue, Timestamp, UserId};

/// How far the time of an id may lie ahead, in milliseconds: the clocks of clients differ.
const MAX_AHEAD: i64 = 24 * 60 * 60 * 1000;

impl MemoId {
    /// Whether it is a `UUIDv7` (RFC 9562). Ids of other versions are no times, and would sort anywhere.
    #[must_use]
    pub fn is_version_7(self) -> bool {
        let id = self.as_uuid();
        (id.get_version(), id.get_variant()) == (Some(UuidVersion::SortRand), Variant::RFC4122)
    }

    /// Checks an id that a client has chosen for a new memo.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] if it is no `UUIDv7` (RFC 9562); [`InvalidValue::TooFarAhead`] if its time lies more than a
    /// day after `now`.
    pub fn check_chosen(self, now: Timestamp) -> Result<(), InvalidValue> {
        if !self.is_version_7() {
            return Err(InvalidValue::Malformed);
        }
        // The first 48 bits are the milliseconds since the epoch.
        let millis = i64::try_from(self.as_uuid().as_u128() >> 80).unwrap_or(i64::MAX);
        if millis > now.as_micros() / 1000 + MAX_AHEAD { Err(InvalidValue::TooFarAhead) } else { Ok(()) }
    }
}

/// The number of an entity's state, from 1; the base of optimistic locking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u32);

impl Version {
    /// The version of a new entity.
    pub const FIRST: Self = Self(1);

    /// Wraps a number from a store or a client.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The id of a memo.
pub type MemoId = Id<Memo>;

/// A memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    /// The id; it never changes.
    pub id: MemoId,
    /// The owner; it never changes.
    pub owner_id: UserId,
    /// The part that the owner writes.
    pub state: MemoState,
    /// What its content says.
    pub facts: MemoFacts,
    /// When the owner was reminded.
    pub reminded_at: Option<Timestamp>,
    /// The number of this state.
    pub version: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was moved to the trash; `None` if it is not in the trash.
    pub deleted_at: Option<Timestamp>,
}

impl Memo {
    /// Creates a memo in its first version. Its facts are those of an empty content.
    #[must_use]
    pub fn create(id: MemoId, owner_id: UserId, state: MemoState, now: Timestamp) -> Self {
        Self {
            id,
            owner_id,
            state,
            facts: MemoFacts::default(),
            reminded_at: None,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// The form in which its texts are searched. Of long texts it takes some milliseconds.
    #[must_use]
    pub fn search_text(&self) -> SearchText {
        SearchText::of(&self.state.title, &self.state.content)
    }

    /// Replaces the owner's part. A changed `remind_at` clears `reminded_at`.
    pub fn rewrite(&mut self, state: MemoState, now: Timestamp) {
        if state.remind_at != self.state.remind_at {
            self.reminded_at = None;
        }
        self.state = state;
        self.touch(now);
    }

    /// Records that the owner was reminded. The version stays, since the owner has changed nothing.
    pub fn remind(&mut self, now: Timestamp) {
        self.reminded_at = Some(now.not_before(self.created_at));
    }

    /// Whether the owner is still to be reminded after `now`.
    #[must_use]
    pub fn has_reminder(&self, now: Timestamp) -> bool {
        !self.is_trashed() && self.reminded_at.is_none() && self.state.remind_at.is_some_and(|time| time > now)
    }

    /// Moves the memo to the trash.
    pub fn trash(&mut self, now: Timestamp) {
        self.touch(now);
        self.deleted_at = Some(self.updated_at);
    }

    /// Moves the memo out of the trash.
    pub fn restore(&mut self, now: Timestamp) {
        self.deleted_at = None;
        self.touch(now);
    }

    /// Whether the memo is in the trash.
    #[must_use]
    pub const fn is_trashed(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Whether a user may read the memo: the owner always, other users while it is public and not in the trash.
    #[must_use]
    pub fn is_visible_to(&self, viewer: UserId) -> bool {
        self.owner_id == viewer || (self.state.visibility == Visibility::Public && !self.is_trashed())
    }

    fn touch(&mut self, now: Timestamp) {
        self.version = self.version.next();
        self.updated_at = now.not_before(self.updated_at);
    }
}

/// A memo as a reader sees it, joined with data of other aggregates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoView {
    /// The memo.
    pub memo: Memo,
    /// The current display name of the owner.
    pub owner_name: DisplayName,
    /// The number of users who like it.
    pub like_count: u64,
    /// Whether the reader likes it. A [`MemoRepository`] knows no reader and returns `false`; the use case sets it.
    pub liked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_id_is_a_uuid_v7_at_most_a_day_ahead() {
        let now = Timestamp::parse("2026-01-31T09:00:00Z").expect("a time");
        let millis = u128::try_from(now.as_micros() / 1000).expect("after the epoch");
        let v7 = |millis: u128| (millis << 80) | 0x7000_8000_0000_0000_0001;
        let day = 24 * 60 * 60 * 1000;
        let check = |id: u128| MemoId::new(uuid::Uuid::from_u128(id)).check_chosen(now);
        for id in [v7(0), v7(millis), v7(millis + day)] {
            assert_eq!(check(id), Ok(()), "{id:x}");
        }
        assert_eq!(check(v7(millis + day + 1)), Err(InvalidValue::TooFarAhead));
        assert_eq!(check(v7((1 << 48) - 1)), Err(InvalidValue::TooFarAhead));
        let other_versions = [0x4000_8000_0000_0000_0001, 0x7000_0000_0000_0000_0001, 0x7000_c000_0000_0000_0001, 0];
        for rest in other_versions {
            assert_eq!(check((millis << 80) | rest), Err(InvalidValue::Malformed), "{rest:x}");
        }
    }
}
