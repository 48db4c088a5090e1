use async_trait::async_trait;

use crate::{SecretDigest, Session, StoreError, Timestamp, UserId};

/// Keeps which sign-in the cookie of a browser carries on, when it was used last, and until when it lives unless it is
/// used again. Whether a sign-in was ended is the store's to say, and no other's.
///
/// What is kept may get lost, all of it or a part: browsers then sign in again.
///
/// # Contract
/// * `a_browser_session_is_found_by_its_cookie`: once what [`prepare`](Self::prepare) gave for a sign-in is in the store,
///   [`find_by_cookie`](Self::find_by_cookie) MUST give that sign-in by its digest, equal to the one that was prepared, and no other.
/// * `a_browser_session_is_none_without_the_store`: [`find_by_cookie`](Self::find_by_cookie) MUST NOT give a sign-in that the store does not
///   hold: its unit of work was dropped, or its member is gone.
/// * `a_browser_session_that_ended_is_found_as_ended`: [`find_by_cookie`](Self::find_by_cookie) MUST give
///   [`ended_at`](Session::ended_at) as the store has it, whether one sign-in was ended or all of a member.
/// * `a_browser_session_that_is_used_lives_on`: after [`touch`](Self::touch), [`find_by_cookie`](Self::find_by_cookie) and
///   [`list_live`](Self::list_live) MUST give both of its times, and everything else as before.
/// * `a_browser_session_that_is_over_is_not_touched`: [`touch`](Self::touch) MUST give `false` and change nothing where
///   the sign-in is unknown, has ended, or was over at that time.
/// * `live_browser_sessions_are_listed_newest_first`: [`list_live`](Self::list_live) MUST give all of a member's sign-ins that are
///   neither ended nor over at that time, those without a cookie too, and nobody else's, the newest id first.
/// * `a_browser_session_is_touched_by_many_at_once`: of any number of [`touch`](Self::touch)es at once all MUST give
///   `true`, and the sign-in has the times of one of them.
#[async_trait]
pub trait BrowserSessions: Send + Sync {
    /// Makes ready for a sign-in that is about to begin. What the store has to keep of it: add that in a unit of work.
    /// A sign-in without a cookie is kept by the store alone, as it is.
    async fn prepare(&self, session: &Session) -> Result<Session, StoreError>;

    /// The sign-in whose cookie holds the secret with this digest, ended or over or not.
    async fn find_by_cookie(&self, cookie: &SecretDigest) -> Result<Option<Session>, StoreError>;

    /// A member's sign-ins that live at this time, the newest first.
    async fn list_live(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Notes that a cookie was used at this time, and lives until another. Whether it still did.
    async fn touch(&self, cookie: &SecretDigest, at: Timestamp, expires_at: Timestamp) -> Result<bool, StoreError>;
}
