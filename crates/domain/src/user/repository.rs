use async_trait::async_trait;

use crate::{Email, Page, PageRequest, StoreError, User, UserFilter, UserId, Version};

/// Which rows of a user are swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Memos that other users can see.
    PublicMemos,
    /// The rows of all repositories in which a user may have many.
    All,
}

/// Stores users.
///
/// # Contract
/// * `a_user_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_user_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `an_email_is_unique_ignoring_case`: [`insert`](Self::insert) and [`update`](Self::update) MUST fail with
///   [`Conflict::Email`](crate::Conflict::Email) if another user has an equal address.
/// * `a_user_is_found_by_email_ignoring_case`: [`find_by_email`](Self::find_by_email) MUST compare addresses by
///   [`Email::key`].
/// * `a_user_update_from_another_version_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] and
///   change nothing unless the stored version is `from`.
/// * `a_looked_up_user_does_not_change_until_the_commit`: after [`lookup`](Self::lookup) in a writing unit of work,
///   others MUST NOT change or remove the user before this one has ended.
/// * `a_removed_user_leaves_no_data`: [`remove`](Self::remove) MUST remove the user and all rows of the user in every
///   repository, and fail with [`StoreError::Stale`] unless the stored version is `from`.
/// * `a_users_rows_are_swept_in_steps`: [`sweep`](Self::sweep) MUST remove up to `most` rows of the user in other
///   repositories, of all of them or of public memos alone, and return how many. Whenever it returns 0, there are no memos
///   (or public memos), changes, sessions, refresh tokens, audit events, idempotent responses and jobs of the user. It
///   MUST leave the user, and the rows of others.
/// * `users_are_listed_oldest_first`: [`list`](Self::list) MUST return the users that match [`UserFilter::matches`], by
///   id, in pages that neither skip nor repeat one, with [`Page::next`] `None` exactly on the last.
/// * `locked_administrators_do_not_change_until_the_commit`: after [`lock_administrators`](Self::lock_administrators) in a
///   writing unit of work, others MUST NOT change who is an administrator before this one has ended.
#[async_trait]
pub trait UserRepository: Send {
    /// Returns the user with this id.
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Returns the user with this address.
    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError>;

    /// Adds a user.
    async fn insert(&mut self, user: &User) -> Result<(), StoreError>;

    /// Replaces the user with this id, whose stored version must be `from`.
    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError>;

    /// Removes the user with this id, whose stored version must be `from`, and all rows of the user.
    async fn remove(&mut self, id: UserId, from: Version) -> Result<(), StoreError>;

    /// Removes some rows of a user, so that [`remove`](Self::remove) has few left to remove. Returns how many.
    async fn sweep(&mut self, id: UserId, what: Sweep, most: u32) -> Result<u64, StoreError>;

    /// Returns a page of the matching users, oldest first; its cursor is the id of the last one.
    async fn list(&mut self, filter: &UserFilter, page: &PageRequest<UserId>)
    -> Result<Page<User, UserId>, StoreError>;

    /// How many users fit.
    async fn count(&mut self, filter: &UserFilter) -> Result<u64, StoreError>;

    /// Those who administer and are not shut out.
    async fn lock_administrators(&mut self) -> Result<Vec<UserId>, StoreError>;
}
