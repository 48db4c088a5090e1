//! Users, their value objects, and the repository port.

mod display_name;
mod email;
mod password;
mod repository;
mod search;
mod time_zone;

pub use display_name::DisplayName;
pub use email::Email;
pub use password::{Password, PasswordHash};
pub use repository::{Sweep, UserRepository};
pub use search::{UserFilter, UserText};
pub use time_zone::TimeZone;

use crate::{Id, Timestamp, Version};

/// What a user may do in addition to using their own data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// No further rights.
    #[default]
    Member,
    /// Administers users.
    Admin,
}

impl Role {
    /// Every role with its stable name, for stores and the log.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Member, "member"), (Self::Admin, "admin")];
}

/// The language of mail and pages for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// The id of a user.
pub type UserId = Id<User>;

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id; it never changes.
    pub id: UserId,
    /// The e-mail address, unique among users.
    pub email: Email,
    /// Whether the user has verified the address.
    pub email_verified: bool,
    /// Whether the user has verified an earlier address of the account.
    pub earlier_email_verified: bool,
    /// The name that other users see.
    pub display_name: DisplayName,
    /// The user's rights.
    pub role: Role,
    /// The language of mail to this user.
    pub locale: Locale,
    /// The time zone of times in mail to this user.
    pub time_zone: TimeZone,
    /// The hash of the password; `None` if the user has no password.
    pub password_hash: Option<PasswordHash>,
    /// When the account was disabled; `None` if it is enabled.
    pub disabled_at: Option<Timestamp>,
    /// The number of states so far; the base of optimistic locking.
    pub version: Version,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When the account last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Creates a user with a password.
    #[must_use]
    pub fn sign_up(
        id: UserId,
        email: Email,
        display_name: DisplayName,
        password_hash: PasswordHash,
        locale: Locale,
        now: Timestamp,
    ) -> Self {
        Self { password_hash: Some(password_hash), ..Self::without_password(id, email, display_name, locale, now) }
    }

    /// Creates a user who signs in with a social provider.
    #[must_use]
    pub const fn without_password(
        id: UserId,
        email: Email,
        display_name: DisplayName,
        locale: Locale,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            email,
            email_verified: false,
            earlier_email_verified: false,
            display_name,
            role: Role::Member,
            locale,
            time_zone: TimeZone::UTC,
            password_hash: None,
            disabled_at: None,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether any address of the account was ever verified: before that, another person may have created it.
    #[must_use]
    pub const fn was_proved(&self) -> bool {
        self.email_verified || self.earlier_email_verified
    }

    /// Advances the version and `updated_at` after a change.
    pub fn touch(&mut self, now: Timestamp) {
        self.version = self.version.next();
        self.updated_at = now.not_before(self.updated_at);
    }

    /// Disables the account, unless it is disabled.
    pub fn disable(&mut self, now: Timestamp) {
        self.disabled_at.get_or_insert(now.not_before(self.updated_at));
    }
}
