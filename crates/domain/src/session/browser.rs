use async_trait::async_trait;

use crate::{SecretDigest, Session, StoreError, Timestamp, UserId};

/// Maps a browser's cookie to its session, with the time of the last use and the expiry. Only the store decides whether a
/// session has ended.
///
/// Entries may get lost: browsers then sign in again.
///
/// # Contract
/// * `a_browser_session_is_found_by_its_cookie`: once the session that [`prepare`](Self::prepare) returned is in the store,
///   [`find_by_cookie`](Self::find_by_cookie) MUST return that session by its digest, equal to the prepared one, and no other.
/// * `a_browser_session_missing_from_the_store_is_not_found`: [`find_by_cookie`](Self::find_by_cookie) MUST NOT return a session that the store does not
///   have: its unit of work was dropped, or its user was removed.
/// * `a_browser_session_that_ended_is_found_as_ended`: [`find_by_cookie`](Self::find_by_cookie) MUST return
///   [`ended_at`](Session::ended_at) as in the store, whether one session or all of a user were ended.
/// * `a_touched_browser_session_expires_later`: after [`touch`](Self::touch), [`find_by_cookie`](Self::find_by_cookie) and
///   [`list_live`](Self::list_live) MUST return both new times, and everything else unchanged.
/// * `an_expired_browser_session_is_not_touched`: [`touch`](Self::touch) MUST return `false` and change nothing if
///   the session is unknown, has ended, or had expired at that time.
/// * `live_browser_sessions_are_listed_newest_first`: [`list_live`](Self::list_live) MUST return all of a user's sessions that are
///   neither ended nor expired at that time, also those without a cookie, and no other user's, newest id first.
/// * `concurrent_touches_of_a_browser_session_all_succeed`: all of any number of concurrent [`touch`](Self::touch)es MUST
///   return `true`, and the session has the times of one of them.
#[async_trait]
pub trait BrowserSessions: Send + Sync {
    /// Prepares for a new session. Returns what the store has to keep of it, to be added in a unit of work. A session
    /// without a cookie is returned unchanged.
    async fn prepare(&self, session: &Session) -> Result<Session, StoreError>;

    /// Returns the session whose cookie secret has this digest, ended, expired or alive.
    async fn find_by_cookie(&self, cookie: &SecretDigest) -> Result<Option<Session>, StoreError>;

    /// Returns a user's sessions that are alive at this time, newest first.
    async fn list_live(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Records a use of a cookie at `at`, and its new expiry. Returns whether the session was alive.
    async fn touch(&self, cookie: &SecretDigest, at: Timestamp, expires_at: Timestamp) -> Result<bool, StoreError>;
}
