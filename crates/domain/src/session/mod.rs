//! Sessions, their refresh tokens, and the repository ports.

mod browser;
mod repository;
mod scope;
mod secret;

pub use browser::BrowserSessions;
pub use repository::{RefreshTokenRepository, SessionRepository};
pub use scope::{Scope, Scopes};
pub use secret::{Secret, SecretDigest};

use std::time::Duration;

use crate::{Id, Timestamp, UserId};

/// The id of a session.
pub type SessionId = Id<Session>;

/// A session. Its access tokens are invalid once it has ended; its refresh tokens are one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id; it never changes.
    pub id: SessionId,
    /// The user who signed in.
    pub user_id: UserId,
    /// The scopes that its tokens may have.
    pub scopes: Scopes,
    /// The digest of the cookie's secret; `None` if the session uses refresh tokens.
    pub cookie: Option<SecretDigest>,
    /// The name of the social provider that authenticated the user; `None` for a password.
    pub provider: Option<String>,
    /// The `User-Agent` at sign-in, truncated to 200 characters.
    pub device: Option<String>,
    /// The client address at sign-in.
    pub ip: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the user last proved again who they are; `None` if not since it was created.
    pub proved_at: Option<Timestamp>,
    /// When it was last used, as far as that is recorded.
    pub last_seen_at: Timestamp,
    /// When it expires unless it is used again.
    pub expires_at: Timestamp,
    /// When it was ended; `None` if it was not.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// The maximum age of a session.
    pub const MAX_AGE: Duration = Duration::from_hours(90 * 24);

    /// When it expires however often it is used.
    #[must_use]
    pub fn ends_at_latest(&self) -> Timestamp {
        self.created_at + Self::MAX_AGE
    }

    /// When the user last proved who they are, by signing in or later.
    #[must_use]
    pub fn last_proved_at(&self) -> Timestamp {
        self.proved_at.map_or(self.created_at, |at| at.max(self.created_at))
    }

    /// Records a use, after which it does not expire before `expires_at`; an earlier use than the last one changes nothing.
    pub fn touch(&mut self, now: Timestamp, expires_at: Timestamp) {
        if now >= self.last_seen_at {
            (self.last_seen_at, self.expires_at) = (now, expires_at);
        }
    }

    /// Ends it.
    pub fn end(&mut self, now: Timestamp) {
        self.ended_at = Some(now.not_before(self.last_seen_at));
    }

    /// Whether it is neither ended nor expired.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// The stored form of a refresh token, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The digest of the secret.
    pub digest: SecretDigest,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was exchanged for its successor; `None` if it was not.
    pub used_at: Option<Timestamp>,
}
