use memo_domain::{Content, Memo, MemoState, Tags, Timestamp, Title, Version, Visibility};

use crate::Error;

/// What must be true of a memo before it is changed (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Nothing but that it exists.
    #[default]
    None,
    /// It is in one of these versions; where there are none, never.
    OneOf(Vec<Version>),
}

impl Precondition {
    pub(super) fn check(&self, memo: &Memo) -> Result<(), Error> {
        match self {
            Self::OneOf(versions) if !versions.contains(&memo.version) => Err(Error::PreconditionFailed),
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}

/// What changes in a memo; `None` leaves a value as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoChange {
    /// The new title.
    pub title: Option<Title>,
    /// The new text.
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
    pub remind_at: ReminderChange,
}

/// What becomes of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReminderChange {
    /// It stays.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It is set.
    Set(Timestamp),
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
        match self.remind_at {
            ReminderChange::Keep => {}
            ReminderChange::Clear => state.remind_at = None,
            ReminderChange::Set(time) => state.remind_at = Some(time),
        }
    }
}
