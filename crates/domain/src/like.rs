//! Likes: which users like which memos.

use async_trait::async_trait;

use crate::{DisplayName, MemoId, Page, PageRequest, StoreError, Timestamp, UserId};

/// A like of a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like {
    /// The memo.
    pub memo_id: MemoId,
    /// The user who likes it.
    pub user_id: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// A user who likes a memo, as other users see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liker {
    /// The user.
    pub user_id: UserId,
    /// The user's current display name.
    pub display_name: DisplayName,
    /// Since when the user likes the memo.
    pub liked_at: Timestamp,
}

/// Stores likes, and counts those of each memo ([`MemoView::like_count`](crate::MemoView::like_count)).
///
/// # Contract
/// * `a_memo_is_liked_once`: [`insert`](Self::insert) MUST return `false` and change nothing if the user likes the memo already,
///   and [`remove`](Self::remove) if the user does not like it.
/// * `a_like_needs_its_memo_and_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the memo or the user does not exist.
/// * `likes_are_counted`: each view of a memo MUST have the number of its likes, whatever else changes in the memo.
/// * `likes_of_many_users_at_once_are_all_counted`: this also holds if many users like a memo at the same time.
/// * `likes_go_with_their_memo_and_their_user`: when a memo or a user is removed, their likes MUST be, and no memo MUST count
///   them any more.
/// * `liked_memos_are_found`: [`find_liked`](Self::find_liked) MUST return those of the memos that the user likes, in any order,
///   and [`find_by_user`](Self::find_by_user) up to `limit` of all memos that the user likes.
/// * `likes_of_a_user_are_listed_by_memo`: [`list_by_user`](Self::list_by_user) MUST return the likes of a user, by the id of the
///   memo, in pages that neither skip nor repeat one, with [`Page::next`] `None` exactly on the last.
/// * `users_who_like_a_memo_are_listed_by_id`: [`list`](Self::list) MUST return the users who like a memo, by id, in pages that
///   neither skip nor repeat one, also if users are added to it between two pages, with [`Page::next`] `None` exactly on the
///   last.
#[async_trait]
pub trait LikeRepository: Send {
    /// Adds a like. Returns whether it is new; of two concurrent ones of one user, one may fail with
    /// [`Conflict::Id`](crate::Conflict::Id).
    async fn insert(&mut self, like: &Like) -> Result<bool, StoreError>;

    /// Removes a like. Returns whether there was one.
    async fn remove(&mut self, memo: MemoId, user: UserId) -> Result<bool, StoreError>;

    /// Returns which of up to 100 memos a user likes.
    async fn find_liked(&mut self, user: UserId, memos: &[MemoId]) -> Result<Vec<MemoId>, StoreError>;

    /// Returns some memos that a user likes, whether or not the user may still read them.
    async fn find_by_user(&mut self, user: UserId, limit: u32) -> Result<Vec<MemoId>, StoreError>;

    /// Returns a page of the likes of a user, whether or not the user may still read the memos; its cursor is the memo of the
    /// last one.
    async fn list_by_user(
        &mut self,
        user: UserId,
        page: &PageRequest<MemoId>,
    ) -> Result<Page<Like, MemoId>, StoreError>;

    /// Returns a page of the users who like a memo; its cursor is the id of the last one.
    async fn list(&mut self, memo: MemoId, page: &PageRequest<UserId>) -> Result<Page<Liker, UserId>, StoreError>;
}
