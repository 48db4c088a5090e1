use async_trait::async_trait;

use crate::{StoreError, Timestamp, UserId};

/// An account at a social provider that signs a member in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose it is.
    pub user_id: UserId,
    /// The provider by its name here; a member has one identity at each.
    pub provider: String,
    /// Who says so (`iss`).
    pub issuer: String,
    /// The account there (`sub`); with the issuer it is all that an account is known by.
    pub subject: String,
    /// The address that the provider has, to be shown. It joins nothing.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
}

/// Keeps social identities.
///
/// # Contract
/// * `an_identity_is_found_by_issuer_and_subject`: [`find_by_subject`](Self::find_by_subject) MUST give what was inserted, comparing both byte
///   by byte.
/// * `an_identity_is_linked_once`: [`insert`](Self::insert) MUST fail with [`Conflict::Id`](crate::Conflict::Id) where the
///   subject of this issuer is linked already, or the member has an identity at this provider.
/// * `an_identity_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `identities_are_listed_by_provider`: [`list_by_user`](Self::list_by_user) MUST give all of a member's, and nobody else's, by the
///   provider's name; in a unit of work that may write no other MUST change them before this one has ended.
/// * `an_identity_is_removed_once`: [`remove`](Self::remove) MUST say whether there was one.
#[async_trait]
pub trait IdentityRepository: Send {
    /// The identity of this subject.
    async fn find_by_subject(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError>;

    /// All identities of a member.
    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// Adds an identity.
    async fn insert(&mut self, identity: &Identity) -> Result<(), StoreError>;

    /// Removes a member's identity at a provider. Whether there was one.
    async fn remove(&mut self, user: UserId, provider: &str) -> Result<bool, StoreError>;
}
