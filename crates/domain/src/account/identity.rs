use async_trait::async_trait;

use crate::{Sealed, StoreError, Timestamp, UserId};

/// An account at a social provider, linked to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user_id: UserId,
    /// The configured name of the provider; a user has at most one identity per provider.
    pub provider: String,
    /// The issuer (`iss`).
    pub issuer: String,
    /// The subject (`sub`); issuer and subject together identify the account.
    pub subject: String,
    /// The address at the provider, for display only.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// The tokens for messages to the user, if the user has allowed them.
    pub message_tokens: Option<Sealed>,
}

/// Stores social identities.
///
/// # Contract
/// * `an_identity_is_found_by_issuer_and_subject`: [`find_by_subject`](Self::find_by_subject) MUST return what was inserted, comparing both byte
///   by byte.
/// * `an_identity_is_linked_once`: [`insert`](Self::insert) MUST fail with [`Conflict::Id`](crate::Conflict::Id) if the
///   subject of this issuer is linked already, or the user has an identity at this provider.
/// * `an_identity_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `identities_are_listed_by_provider`: [`list_by_user`](Self::list_by_user) MUST return all of a user's, and no other user's, by the
///   provider's name; in a unit of work that may write no other MUST change them before this one has ended.
/// * `message_tokens_are_replaced`: [`set_message_tokens`](Self::set_message_tokens) MUST replace or remove those of this user at
///   this provider alone, and return whether there is such an identity.
/// * `an_identity_is_removed_once`: [`remove`](Self::remove) MUST return whether there was one.
#[async_trait]
pub trait IdentityRepository: Send {
    /// Returns the identity of this subject.
    async fn find_by_subject(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError>;

    /// Returns all identities of a user.
    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// Adds an identity.
    async fn insert(&mut self, identity: &Identity) -> Result<(), StoreError>;

    /// Replaces the tokens for messages to a user. Returns whether there is such an identity.
    async fn set_message_tokens(
        &mut self,
        user: UserId,
        provider: &str,
        tokens: Option<&Sealed>,
    ) -> Result<bool, StoreError>;

    /// Removes a user's identity at a provider. Returns whether there was one.
    async fn remove(&mut self, user: UserId, provider: &str) -> Result<bool, StoreError>;
}
