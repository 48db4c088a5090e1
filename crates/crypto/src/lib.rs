//! Cryptography: key files, password hashes (bcrypt), access tokens (JWT), one-time codes (TOTP), sealed values (AEAD).

mod bcrypt;
mod jwt;
mod key_file;
mod sealer;
mod totp;

#[cfg(test)]
mod conformance;

pub use self::bcrypt::{BcryptHasher, BcryptSettings};
pub use jwt::JwtSigner;
pub use key_file::{KeyFileError, KeyForm, is_exposed, load_or_create};
pub use sealer::AeadSealer;
pub use totp::Totp;
