//! A member, the values they are made of, and the port that keeps them.

mod display_name;
mod email;
mod password;
mod repository;
mod search;

pub use display_name::DisplayName;
pub use email::Email;
pub use password::{Password, PasswordHash};
pub use repository::UserRepository;
pub use search::UserFilter;

use crate::{Timestamp, UserId, Version};

/// What a member may do beside using their own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Nothing more.
    #[default]
    Member,
    /// Administers members.
    Admin,
}

impl Role {
    /// Every role with its name on the wire and in stores.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Member, "member"), (Self::Admin, "admin")];
}

/// The language that a member is written to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id, for good.
    pub id: UserId,
    /// Their address; no two members have the same one.
    pub email: Email,
    /// Whether they proved that the address is theirs.
    pub email_verified: bool,
    /// The name that others see.
    pub display_name: DisplayName,
    /// What they may do.
    pub role: Role,
    /// The language of what is sent to them.
    pub locale: Locale,
    /// What their password is checked against; `None` where they have no password.
    pub password_hash: Option<PasswordHash>,
    /// When they were shut out; `None` where they are not.
    pub disabled_at: Option<Timestamp>,
    /// Counts the changes.
    pub version: Version,
    /// When they signed up.
    pub created_at: Timestamp,
    /// When any of this changed last.
    pub updated_at: Timestamp,
}

impl User {
    /// A new member with a password.
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

    /// A new member who signs in by a social provider.
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
            display_name,
            role: Role::Member,
            locale,
            password_hash: None,
            disabled_at: None,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Counts a change that was made.
    pub fn touch(&mut self, now: Timestamp) {
        self.version = self.version.next();
        self.updated_at = now;
    }
}
