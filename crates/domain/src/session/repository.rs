use async_trait::async_trait;

use crate::{RefreshToken, SecretDigest, Session, SessionId, StoreError, Timestamp, UserId};

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
/// * `a_session_is_found_by_its_cookie`: [`find_by_cookie`](Self::find_by_cookie) MUST find the sign-in with this digest,
///   ended or not, and no other.
/// * `an_insert_with_a_taken_cookie_conflicts`: [`insert`](Self::insert) and [`update`](Self::update) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) where another sign-in has the same digest.
/// * `live_sessions_are_listed_newest_first`: [`list_live`](Self::list_live) MUST give all of a member's sign-ins that are neither
///   ended nor over at that time, and nobody else's, the newest id first.
/// * `all_sessions_but_one_are_ended`: [`end_all`](Self::end_all) MUST end all of a member's sign-ins that were not ended,
///   but for the one named, and give their ids.
/// * `a_session_stays_as_looked_up_until_the_commit`: after [`lookup`](Self::lookup) or
///   [`find_by_cookie`](Self::find_by_cookie) in a unit of work that may write, no other MUST change or end the sign-in
///   before this one has ended.
/// * `sessions_that_are_long_over_are_removed`: [`remove_before`](Self::remove_before) MUST remove sign-ins that ended or
///   were over before that time, with their refresh tokens, no more than `most`, and give how many.
#[async_trait]
pub trait SessionRepository: Send {
    /// The sign-in with this id, ended or not.
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The sign-in whose cookie holds the secret with this digest, ended or not.
    async fn find_by_cookie(&mut self, digest: &SecretDigest) -> Result<Option<Session>, StoreError>;

    /// A member's sign-ins that live at this time, the newest first.
    async fn list_live(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends all sign-ins of a member but one. The ids of those that it ended.
    async fn end_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Removes some of the sign-ins that were over before a time. How many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;

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
