use crate::{Memo, MemoId, MemoView, SearchQuery, Tag, Timestamp, UserId, Visibility};

/// Whose memos a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemoScope {
    /// The viewer's own.
    #[default]
    Mine,
    /// The public ones of every member, those in the trash left out.
    Public,
}

/// Which memos a list has: those that fit all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoFilter {
    /// Who asks.
    pub viewer: UserId,
    /// Whose memos.
    pub scope: MemoScope,
    /// Those in the trash (`true`) or those that are not (`false`).
    pub trashed: bool,
    /// The archived ones (`true`), the others (`false`), or both.
    pub archived: Option<bool>,
    /// The pinned ones (`true`), the others (`false`), or both.
    pub pinned: Option<bool>,
    /// Those of one visibility.
    pub visibility: Option<Visibility>,
    /// Those that have all of these tags.
    pub tags: Vec<Tag>,
    /// Made later than this.
    pub created_after: Option<Timestamp>,
    /// Made earlier than this.
    pub created_before: Option<Timestamp>,
    /// Changed later than this.
    pub updated_after: Option<Timestamp>,
    /// Changed earlier than this.
    pub updated_before: Option<Timestamp>,
    /// Those that a full-text query finds, by [`SearchQuery::matches`].
    pub search: Option<SearchQuery>,
}

impl MemoFilter {
    /// Everything of one member that is not in the trash.
    #[must_use]
    pub const fn of(viewer: UserId) -> Self {
        Self {
            viewer,
            scope: MemoScope::Mine,
            trashed: false,
            archived: None,
            pinned: None,
            visibility: None,
            tags: Vec::new(),
            created_after: None,
            created_before: None,
            updated_after: None,
            updated_before: None,
            search: None,
        }
    }

    /// Whether a memo fits: what the words above mean, to the letter.
    #[must_use]
    pub fn matches(&self, memo: &Memo) -> bool {
        let in_scope = match self.scope {
            MemoScope::Mine => memo.owner_id == self.viewer,
            MemoScope::Public => memo.state.visibility == Visibility::Public && !memo.is_trashed(),
        };
        in_scope
            && memo.is_trashed() == self.trashed
            && self.archived.is_none_or(|archived| memo.state.archived == archived)
            && self.pinned.is_none_or(|pinned| memo.state.pinned == pinned)
            && self.visibility.is_none_or(|visibility| memo.state.visibility == visibility)
            && self.tags.iter().all(|tag| memo.state.tags.contains(tag))
            && self.created_after.is_none_or(|time| memo.created_at > time)
            && self.created_before.is_none_or(|time| memo.created_at < time)
            && self.updated_after.is_none_or(|time| memo.updated_at > time)
            && self.updated_before.is_none_or(|time| memo.updated_at < time)
            && self.search.as_ref().is_none_or(|query| query.matches(&memo.state.title, &memo.state.content))
    }
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// The last change.
    UpdatedAt,
    /// The creation.
    CreatedAt,
    /// The title, by [`Title::sort_key`](crate::Title::sort_key).
    Title,
    /// How well the title answers the query of the filter, by [`SearchQuery::relevance`]; of equals the last change.
    /// Without a query all are equal.
    Relevance,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    /// The smallest first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// The order of a list. Memos that are equal in the field are sorted by id in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoSort {
    /// By what.
    pub field: SortField,
    /// Which end first.
    pub direction: SortDirection,
}

impl MemoSort {
    /// Every order, by its name on the wire; a minus sign means descending.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("-updated_at", Self { field: SortField::UpdatedAt, direction: SortDirection::Descending }),
        ("updated_at", Self { field: SortField::UpdatedAt, direction: SortDirection::Ascending }),
        ("-created_at", Self { field: SortField::CreatedAt, direction: SortDirection::Descending }),
        ("created_at", Self { field: SortField::CreatedAt, direction: SortDirection::Ascending }),
        ("title", Self { field: SortField::Title, direction: SortDirection::Ascending }),
        ("-title", Self { field: SortField::Title, direction: SortDirection::Descending }),
        ("relevance", Self { field: SortField::Relevance, direction: SortDirection::Descending }),
    ];

    /// The place of a memo in this order of the list that has this filter.
    #[must_use]
    pub fn cursor(self, filter: &MemoFilter, view: &MemoView) -> MemoCursor {
        let memo = &view.memo;
        let position = match self.field {
            SortField::UpdatedAt => SortPosition::Time(memo.updated_at),
            SortField::CreatedAt => SortPosition::Time(memo.created_at),
            SortField::Title => SortPosition::Text(memo.state.title.sort_key()),
            SortField::Relevance => {
                let score = filter.search.as_ref().map_or(0, |query| query.relevance(&memo.state.title));
                SortPosition::Relevance { score, updated_at: memo.updated_at }
            }
        };
        MemoCursor { position, id: memo.id }
    }
}

impl Default for MemoSort {
    fn default() -> Self {
        Self { field: SortField::UpdatedAt, direction: SortDirection::Descending }
    }
}

/// The value of the field that a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortPosition {
    /// Of a time.
    Time(Timestamp),
    /// Of a text, compared byte by byte.
    Text(String),
    /// Of a search.
    Relevance {
        /// By [`SearchQuery::relevance`].
        score: u32,
        /// The last change.
        updated_at: Timestamp,
    },
}

/// A place in a sorted list of memos: the value sorted by, then the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoCursor {
    /// The value of the sorted field.
    pub position: SortPosition,
    /// The id, for those equal in the field.
    pub id: MemoId,
}
