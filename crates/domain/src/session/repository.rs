use async_trait::async_trait;

use crate::{RefreshToken, SecretDigest, Session, SessionId, StoreError, Timestamp};

/// Keeps sign-ins.
///
/// # Contract
/// * `a_session_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_session_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) where the id is taken.
/// * `a_session_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `an_update_of_an_absent_session_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] where there
///   is no such sign-in.
#[async_trait]
pub trait SessionRepository: Send {
    /// The sign-in with this id, ended or not.
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Adds a sign-in.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Replaces the sign-in with this id.
    async fn update(&mut self, session: &Session) -> Result<(), StoreError>;
}

/// Keeps refresh tokens.
///
/// # Contract
/// * `a_refresh_token_reads_back_equal`: what was inserted MUST read back equal.
/// * `an_insert_with_a_taken_digest_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) where the digest is taken.
/// * `a_refresh_token_needs_its_session`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the sign-in does not exist.
/// * `a_refresh_token_is_claimed_once`: of any number of [`claim`](Self::claim)s of one token, in one unit of work or in
///   many at once, exactly one MUST give `true`, and `used_at` is what that one set.
#[async_trait]
pub trait RefreshTokenRepository: Send {
    /// The token with this digest.
    async fn lookup(&mut self, digest: &SecretDigest) -> Result<Option<RefreshToken>, StoreError>;

    /// Adds a token.
    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError>;

    /// Marks a token as used, where it exists and is not yet used, in one atomic step. Whether it did so.
    async fn claim(&mut self, digest: &SecretDigest, at: Timestamp) -> Result<bool, StoreError>;
}
