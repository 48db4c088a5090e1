//! The ports beside the store: time, ids, chance and cryptography.

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use uuid::Uuid;

use crate::{Password, PasswordHash, Scopes, Secret, SessionId, Source, Timestamp, UserId};

/// Tells the time.
///
/// # Contract
/// It MUST NOT block.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Makes ids.
///
/// # Contract
/// Ids MUST be `UUIDv7` of the moment given, and no two MUST be equal. Of two ids that one generator made for the same
/// moment, the later one MUST be greater.
pub trait IdGenerator: Send + Sync {
    /// A new id for something that is made at this moment.
    fn next(&self, at: Timestamp) -> Uuid;
}

/// Makes secrets.
///
/// # Contract
/// Outside tests the bits MUST come from the operating system's generator for cryptographic use.
pub trait SecretGenerator: Send + Sync {
    /// A new secret.
    fn next(&self) -> Secret;
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too much of this work is waiting already.
    #[error("too many passwords wait to be hashed")]
    Busy {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// It could not be done at all.
    #[error("the password could not be hashed")]
    Failed {
        /// Why.
        source: Source,
    },
}

/// Turns passwords into what may be kept, and checks them.
///
/// # Contract
/// * No part of a password MUST be left out, however long it is.
/// * It MUST NOT block the thread that polls it, and MUST bound the work that waits ([`HashError::Busy`]).
/// * [`verify`](Self::verify) without a hash MUST take the time of one with a hash, and give `false`.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password with a new salt.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Whether a password is the one that was hashed.
    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>) -> Result<bool, HashError>;

    /// Whether a hash was made by another scheme, another cost or an older key than new ones are: it is made anew when its
    /// owner signs in.
    fn is_outdated(&self, hash: &PasswordHash) -> bool;
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// The id of the token itself.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: UserId,
    /// The sign-in it belongs to.
    pub session_id: SessionId,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was issued, in whole seconds; it is not valid before.
    pub issued_at: Timestamp,
    /// When it ends, in whole seconds.
    pub expires_at: Timestamp,
}

/// Why an access token is worth nothing.
#[derive(Debug, Error)]
pub enum TokenError {
    /// It was not signed here, not for this, or is no token at all.
    #[error("the access token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the access token has expired")]
    Expired {
        /// The sign-in that it belonged to.
        session_id: SessionId,
    },
}

/// A public key of Ed25519, by which anybody can check an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What tokens call it: the header's `kid`.
    pub id: String,
    /// The point, as RFC 8032 encodes it.
    pub point: [u8; 32],
}

/// Signs access tokens and reads them back.
///
/// # Contract
/// * [`verify`](Self::verify) MUST accept only the configured algorithm, type, issuer and audience, whatever the token's
///   header says.
/// * It MUST refuse a token before its issue and after its end, with at most 5 seconds of leeway.
/// * [`public_keys`](Self::public_keys) MUST give every key that [`verify`](Self::verify) accepts, the one that signs first,
///   and nothing by which a token can be made: where the keys are secrets that are shared, none.
pub trait TokenSigner: Send + Sync {
    /// The token in its compact form.
    ///
    /// # Errors
    /// Where the key can't sign.
    fn sign(&self, claims: &AccessClaims) -> Result<String, Source>;

    /// What a token says, where it is valid at this moment.
    ///
    /// # Errors
    /// [`TokenError`] where it is not.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;

    /// The keys that everybody may know.
    fn public_keys(&self) -> &[PublicKey];
}
