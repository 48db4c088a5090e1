//! What the owner of a memo writes, as a whole and as a change of it.

use super::{Content, Tags, Title};
use crate::{OptionalChange, Timestamp};

/// Who may read a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Only the owner.
    #[default]
    Private,
    /// Every signed-in user.
    Public,
}

/// The part of a memo that the owner writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoState {
    /// The title.
    pub title: Title,
    /// The text in Markdown, stored byte for byte.
    pub content: Content,
    /// The tags in the order given, without duplicates.
    pub tags: Tags,
    /// Whether clients show it at the top.
    pub pinned: bool,
    /// Whether it is left out of lists by default.
    pub archived: bool,
    /// Who may read it.
    pub visibility: Visibility,
    /// When to remind the owner.
    pub remind_at: Option<Timestamp>,
}

impl MemoState {
    /// A private state without tags and reminder, neither pinned nor archived.
    #[must_use]
    pub fn new(title: Title, content: Content) -> Self {
        Self {
            title,
            content,
            tags: Tags::default(),
            pinned: false,
            archived: false,
            visibility: Visibility::default(),
            remind_at: None,
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

impl MemoChange {
    /// Sets the fields that it changes.
    pub fn apply(self, state: &mut MemoState) {
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
