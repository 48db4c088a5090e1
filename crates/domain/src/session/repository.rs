use async_trait::async_trait;

use crate::{RefreshToken, SecretDigest, Session, SessionId, StoreError, Timestamp, UserId};

/// Stores sessions.
///
/// # Contract
/// * `a_session_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_session_id_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `a_session_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `an_update_of_an_absent_session_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] if there
///   is no such session.
/// * `a_session_is_found_by_its_cookie`: [`find_by_cookie`](Self::find_by_cookie) MUST find the session with this digest,
///   ended or not, and no other.
/// * `an_insert_with_a_taken_cookie_conflicts`: [`insert`](Self::insert) and [`update`](Self::update) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if another session has the same digest.
/// * `live_sessions_are_listed_newest_first`: [`list_live`](Self::list_live) MUST return all of a user's sessions that are neither
///   ended nor expired at that time, and no other user's, the newest id first.
/// * `all_sessions_but_one_are_ended`: [`end_all`](Self::end_all) MUST end all of a user's sessions that were not ended,
///   except the one named, and return their ids.
/// * `a_looked_up_session_does_not_change_until_the_commit`: after [`lookup`](Self::lookup) or
///   [`find_by_cookie`](Self::find_by_cookie) in a writing unit of work, others MUST NOT change or end the session
///   before this one has ended.
/// * `long_expired_sessions_are_removed`: [`remove_before`](Self::remove_before) MUST remove sessions that ended or
///   expired before that time, with their refresh tokens, at most `most`, and return how many.
#[async_trait]
pub trait SessionRepository: Send {
    /// Returns the session with this id, ended or not.
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Returns the session whose cookie secret has this digest, ended or not.
    async fn find_by_cookie(&mut self, digest: &SecretDigest) -> Result<Option<Session>, StoreError>;

    /// Returns a user's sessions that are alive at this time, newest first.
    async fn list_live(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends all sessions of a user except one. Returns the ids of those that it ended.
    async fn end_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Removes up to `most` sessions that ended or expired before a time. Returns how many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;

    /// Adds a session.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Replaces the session with this id.
    async fn update(&mut self, session: &Session) -> Result<(), StoreError>;
}

/// Stores refresh tokens.
///
/// # Contract
/// * `a_refresh_token_reads_back_equal`: what was inserted MUST read back equal.
/// * `an_insert_with_a_taken_digest_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the digest is taken.
/// * `a_refresh_token_needs_its_session`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the session does not exist.
/// * `a_refresh_token_is_claimed_at_any_time`: [`claim`](Self::claim) MUST accept every time.
/// * `a_refresh_token_is_claimed_once`: of any number of [`claim`](Self::claim)s of one token, in one unit of work or in
///   many at once, exactly one MUST return `true`, and `used_at` is what that one set.
/// * `refresh_tokens_of_ended_sessions_are_removed`: [`remove_of_ended`](Self::remove_of_ended) MUST remove up to `most` tokens
///   of sessions that ended or expired before that time, and no others, and return how many.
#[async_trait]
pub trait RefreshTokenRepository: Send {
    /// Returns the token with this digest.
    async fn lookup(&mut self, digest: &SecretDigest) -> Result<Option<RefreshToken>, StoreError>;

    /// Adds a token.
    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError>;

    /// Marks a token as used if it exists and is unused, in one atomic step. Returns whether it did.
    async fn claim(&mut self, digest: &SecretDigest, at: Timestamp) -> Result<bool, StoreError>;

    /// Removes up to `most` tokens of sessions that ended or expired before a time. Returns how many. A session may have
    /// thousands, too many to be removed together with it.
    async fn remove_of_ended(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
