use crate::{Memo, MemoId, SearchQuery, Tag, Timestamp, UserId, Visibility};

/// Whose memos a list contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemoScope {
    /// The viewer's own memos.
    #[default]
    Mine,
    /// The public memos of all users, except trashed ones.
    Public,
    /// The memos that the viewer likes, and may read: their own, and public ones of other users.
    Liked,
}

/// Selects memos for a list. A memo matches if all conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoFilter {
    /// The user who reads the list.
    pub viewer: UserId,
    /// Whose memos.
    pub scope: MemoScope,
    /// Trashed (`true`) or other (`false`) memos.
    pub trashed: bool,
    /// Archived (`true`), other (`false`), or both.
    pub archived: Option<bool>,
    /// Pinned (`true`), other (`false`), or both.
    pub pinned: Option<bool>,
    /// Only memos of this visibility.
    pub visibility: Option<Visibility>,
    /// Only memos that have all of these tags.
    pub tags: Vec<Tag>,
    /// Created after this time.
    pub created_after: Option<Timestamp>,
    /// Created before this time.
    pub created_before: Option<Timestamp>,
    /// Last changed after this time.
    pub updated_after: Option<Timestamp>,
    /// Last changed before this time.
    pub updated_before: Option<Timestamp>,
    /// Only memos that match this full-text query, by [`SearchQuery::matches`].
    pub search: Option<SearchQuery>,
}

impl MemoFilter {
    /// All memos of one user outside the trash.
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

    /// Whether a memo matches. This defines the meaning of the fields; with [`MemoScope::Liked`], the viewer has to like the
    /// memo as well, which it does not show.
    ///
    /// It computes the form of the memo's texts: an adapter compares the one that it has stored, after
    /// [`matches_without_search`](Self::matches_without_search).
    #[must_use]
    pub fn matches(&self, memo: &Memo) -> bool {
        self.matches_without_search(memo) && self.search.as_ref().is_none_or(|query| query.matches(&memo.search_text()))
    }

    /// Whether a memo matches all conditions but that on its texts.
    #[must_use]
    pub fn matches_without_search(&self, memo: &Memo) -> bool {
        let in_scope = match self.scope {
            MemoScope::Mine => memo.owner_id == self.viewer,
            MemoScope::Public => memo.state.visibility == Visibility::Public && !memo.is_trashed(),
            MemoScope::Liked => memo.is_visible_to(self.viewer),
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
    }
}

/// The field that a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// The time of the last change.
    UpdatedAt,
    /// The time of creation.
    CreatedAt,
    /// The title, by [`Title::sort_key`](crate::Title::sort_key).
    Title,
    /// The relevance of the title for the query, by [`SearchQuery::relevance`], then the last change. Without a query all
    /// memos are equally relevant.
    Relevance,
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// The order of a list. Ties are sorted by id in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoSort {
    /// The field.
    pub field: SortField,
    /// The direction.
    pub direction: SortDirection,
}

impl MemoSort {
    /// Every order.
    pub const ALL: [Self; 7] = [
        Self::new(SortField::UpdatedAt, SortDirection::Descending),
        Self::new(SortField::UpdatedAt, SortDirection::Ascending),
        Self::new(SortField::CreatedAt, SortDirection::Descending),
        Self::new(SortField::CreatedAt, SortDirection::Ascending),
        Self::new(SortField::Title, SortDirection::Ascending),
        Self::new(SortField::Title, SortDirection::Descending),
        Self::new(SortField::Relevance, SortDirection::Descending),
    ];

    /// The order by this field, in this direction.
    #[must_use]
    pub const fn new(field: SortField, direction: SortDirection) -> Self {
        Self { field, direction }
    }

    /// Whether a cursor may be one of a list in this order.
    #[must_use]
    pub const fn accepts(self, cursor: &MemoCursor) -> bool {
        matches!(
            (self.field, &cursor.position),
            (SortField::UpdatedAt | SortField::CreatedAt, SortPosition::Time(_))
                | (SortField::Title, SortPosition::Text(_))
                | (SortField::Relevance, SortPosition::Relevance { .. })
        )
    }

    /// Returns the cursor of a memo in a list with this order. Only an order by relevance looks at the memo's `score`, by
    /// [`SearchQuery::relevance`]; it is zero without a query.
    #[must_use]
    pub fn cursor(self, memo: &Memo, score: u32) -> MemoCursor {
        let position = match self.field {
            SortField::UpdatedAt => SortPosition::Time(memo.updated_at),
            SortField::CreatedAt => SortPosition::Time(memo.created_at),
            SortField::Title => SortPosition::Text(memo.state.title.sort_key()),
            SortField::Relevance => SortPosition::Relevance { score, updated_at: memo.updated_at },
        };
        MemoCursor { position, id: memo.id }
    }
}

impl Default for MemoSort {
    fn default() -> Self {
        Self { field: SortField::UpdatedAt, direction: SortDirection::Descending }
    }
}

/// The value of the field that a list is sorted by, for one memo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortPosition {
    /// A time.
    Time(Timestamp),
    /// A text, compared byte by byte.
    Text(String),
    /// A relevance.
    Relevance {
        /// The score, by [`SearchQuery::relevance`].
        score: u32,
        /// The last change.
        updated_at: Timestamp,
    },
}

/// A position in a sorted list of memos: the value of the sort field, then the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoCursor {
    /// The value of the sorted field.
    pub position: SortPosition,
    /// The id, for ties.
    pub id: MemoId,
}
