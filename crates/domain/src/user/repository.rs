use async_trait::async_trait;

use crate::{Email, StoreError, User, UserId, Version};

/// Keeps members.
///
/// # Contract
/// * `a_user_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_user_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) where the id is taken.
/// * `an_email_is_taken_whatever_its_case`: [`insert`](Self::insert) and [`update`](Self::update) MUST fail with
///   [`Conflict::Email`](crate::Conflict::Email) where another member has an equal address.
/// * `a_user_is_found_by_email_whatever_its_case`: [`find_by_email`](Self::find_by_email) MUST compare addresses by
///   [`Email::key`].
/// * `a_user_update_from_another_version_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] and
///   change nothing unless the kept version is `from`.
#[async_trait]
pub trait UserRepository: Send {
    /// The member with this id.
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The member with this address.
    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError>;

    /// Adds a member.
    async fn insert(&mut self, user: &User) -> Result<(), StoreError>;

    /// Replaces the member with this id, who must still be in version `from`.
    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError>;
}
