//! Cryptography: keys in files, passwords by bcrypt, access tokens by JWT.

mod bcrypt;
mod jwt;
mod key_file;

pub use bcrypt::{BcryptHasher, BcryptSettings};
pub use jwt::JwtSigner;
pub use key_file::{KeyFileError, load_or_create};
