//! A sign-in, the refresh tokens that carry it on, and the ports that keep both.

mod browser;
mod events;
mod repository;
mod scope;
mod secret;

pub use browser::BrowserSessions;
pub use events::{SessionEvent, SessionEvents};
pub use repository::{RefreshTokenRepository, SessionRepository};
pub use scope::{Scope, Scopes};
pub use secret::{Secret, SecretDigest};

use std::time::Duration;

use crate::{SessionId, Timestamp, UserId};

/// A sign-in. Access tokens name it and are worth nothing once it has ended; its refresh tokens are one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, for good.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// What it may do at most.
    pub scopes: Scopes,
    /// What the cookie of a browser holds, as a digest; `None` where it is carried on by refresh tokens.
    pub cookie: Option<SecretDigest>,
    /// The social provider that vouched for the member, by its name; `None` where a password did.
    pub provider: Option<String>,
    /// What signed in, as it names itself (`User-Agent`), cut to 200 characters.
    pub device: Option<String>,
    /// The address it was made from.
    pub ip: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, as far as that is kept.
    pub last_seen_at: Timestamp,
    /// When it ends by itself at the latest.
    pub expires_at: Timestamp,
    /// When it was ended; `None` while it lives.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// A sign-in ends at the latest this long after it was made.
    pub const MAX_AGE: Duration = Duration::from_hours(90 * 24);

    /// When it ends however often it is used.
    #[must_use]
    pub fn ends_at_latest(&self) -> Timestamp {
        self.created_at + Self::MAX_AGE
    }

    /// Whether it is neither ended nor over.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// A refresh token as it is kept: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The digest of the secret.
    pub digest: SecretDigest,
    /// The sign-in it belongs to.
    pub session_id: SessionId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was exchanged for the next one; `None` while it was not.
    pub used_at: Option<Timestamp>,
}
