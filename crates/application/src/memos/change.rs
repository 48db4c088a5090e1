use memo_domain::{Content, MemoState, Tags, Timestamp, Title, Version, Visibility};

use crate::Error;

/// The precondition of a change (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Only that the entity exists.
    #[default]
    None,
    /// The entity has one of these versions. Without any, the precondition never holds.
    OneOf(Vec<Version>),
}

impl Precondition {
    pub(crate) fn check(&self, version: Version) -> Result<(), Error> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => Err(Error::PreconditionFailed),
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}

/// A change of some fields of a memo; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoChange {
    /// The new title.
    pub title: Option<Title>,
    /// The new content.
    pub content: Option<Content>,
    /// The new tags.
    pub tags: Option<Tags>,
    /// Whether it is pinned.
    pub pinned: Option<bool>,
    /// Whether it is archived.
    pub archived: Option<bool>,
    /// Who may read it.
    pub visibility: Option<Visibility>,
    /// The reminder.
    pub remind_at: OptionalChange<Timestamp>,
}

/// A change of a field that may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OptionalChange<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Empties it.
    Clear,
    /// Sets it.
    Set(T),
}

impl<T> OptionalChange<T> {
    pub(crate) fn apply(self, place: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *place = None,
            Self::Set(value) => *place = Some(value),
        }
    }
}

impl MemoChange {
    pub(super) fn apply(self, state: &mut MemoState) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut state.title, self.title);
        set(&mut state.content, self.content);
        set(&mut state.tags, self.tags);
        set(&mut state.pinned, self.pinned);
        set(&mut state.archived, self.archived);
        set(&mut state.visibility, self.visibility);
        self.remind_at.apply(&mut state.remind_at);
    }
}
