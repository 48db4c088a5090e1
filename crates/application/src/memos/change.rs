use memo_domain::{Content, Memo, MemoState, Tags, Timestamp, Title, Version, Visibility};

use crate::Error;

/// The precondition of a change to a memo (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Precondition {
    /// Only that the memo exists.
    #[default]
    None,
    /// The memo has one of these versions. Without any, the precondition never holds.
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
    pub remind_at: ReminderChange,
}

/// A change of the reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReminderChange {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Removes it.
    Clear,
    /// Sets it.
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
