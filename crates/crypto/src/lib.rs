//! Cryptography: keys in files, passwords by bcrypt, access tokens by JWT, codes by time, and what is kept sealed.

mod bcrypt;
mod jwt;
mod key_file;
mod sealer;
mod totp;

pub use self::bcrypt::{BcryptHasher, BcryptSettings};
pub use jwt::JwtSigner;
pub use key_file::{KeyFileError, KeyForm, load_or_create};
pub use sealer::AeadSealer;
pub use totp::Totp;
