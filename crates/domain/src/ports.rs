//! Ports for time, ids, random bits and cryptography.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use thiserror::Error;
use uuid::Uuid;

use crate::{Password, PasswordHash, Scopes, Secret, SessionId, Source, Timestamp, UserId};

/// Tells the time.
///
/// # Contract
/// * `the_clock_does_not_block`: [`now`](Self::now) MUST NOT block.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// Creates ids.
///
/// # Contract
/// * `an_id_is_a_uuid_v7_of_its_moment`: an id MUST be a `UUIDv7` of the given time; after a later time was given, it MAY be
///   of that time, so that ids ascend although the clock went back.
/// * `no_two_ids_are_equal`: two ids MUST NOT be equal, also if they are created at once.
/// * `ids_of_one_moment_ascend`: of two ids that one generator creates for the same time, the later one MUST be greater.
pub trait IdGenerator: Send + Sync {
    /// Creates an id for something that is created at this time.
    fn next(&self, at: Timestamp) -> Uuid;
}

/// Creates secrets.
///
/// # Contract
/// * `no_two_secrets_are_equal`: two secrets MUST NOT be equal.
/// * `secrets_are_unpredictable`: outside tests, the bits MUST come from the operating system's cryptographic generator.
pub trait SecretGenerator: Send + Sync {
    /// Creates a secret.
    fn next(&self) -> Secret;
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too many passwords are waiting.
    #[error("too many passwords wait to be hashed")]
    Busy {
        /// When to retry.
        retry_after: Duration,
    },
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Failed {
        /// The cause.
        source: Source,
    },
}

/// What a password is hashed or checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashPurpose {
    /// To create an account.
    SignUp,
    /// To sign in, or for a user who is known otherwise.
    SignIn,
}

/// Where a password waits to be hashed or checked: each purpose has a queue of its own, which its clients share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashLane {
    /// The queue.
    pub purpose: HashPurpose,
    /// The address of the client, or its IPv6 network; `None` for all those without a known one.
    pub client: Option<IpAddr>,
}

/// Hashes and checks passwords.
///
/// # Contract
/// * `a_password_verifies_against_its_own_hash`: [`verify`](Self::verify) MUST return `true` for the password that was
///   hashed and `false` for any other.
/// * `every_character_of_a_password_counts`: a part of a password MUST NOT be ignored, however long it is.
/// * `two_hashes_of_a_password_differ`: each hash MUST have a salt of its own.
/// * `a_new_hash_is_not_outdated`: [`is_outdated`](Self::is_outdated) MUST return `false` for a hash that was just created.
/// * `hashing_does_not_block`: [`hash`](Self::hash) and [`verify`](Self::verify) MUST NOT block the thread that polls them.
/// * `waiting_hashes_are_bounded`: the number of waiting passwords MUST be bounded ([`HashError::Busy`]).
/// * `clients_share_a_queue`: a client MUST NOT hold more than two thirds of the places of a queue, and its passwords MUST
///   take turns with those of others.
/// * `each_purpose_has_a_queue_of_its_own`: passwords of one purpose MUST be accepted and take turns however many of
///   another one wait.
/// * `a_missing_hash_takes_as_long_as_a_wrong_password`: [`verify`](Self::verify) without a hash MUST take as long as with
///   one, and return `false`. It SHOULD do so also while hashes of another cost are still stored.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password.
    async fn hash(&self, password: &Password, lane: HashLane) -> Result<PasswordHash, HashError>;

    /// Returns whether this password was hashed.
    async fn verify(&self, password: &Password, hash: Option<&PasswordHash>, lane: HashLane)
    -> Result<bool, HashError>;

    /// Returns whether a hash was created with another algorithm, another cost or an older key than new ones are. It is
    /// replaced when its user signs in.
    fn is_outdated(&self, hash: &PasswordHash) -> bool;
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// The id of the token.
    pub id: Uuid,
    /// The user.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// What the token may be used for.
    pub scopes: Scopes,
    /// When it was issued, in whole seconds; it is not valid before.
    pub issued_at: Timestamp,
    /// When it expires, in whole seconds.
    pub expires_at: Timestamp,
}

/// Why an access token is not accepted.
#[derive(Debug, Error)]
pub enum TokenError {
    /// It was signed elsewhere, for another purpose, or is malformed.
    #[error("the access token is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the access token has expired")]
    Expired {
        /// The session of the token.
        session_id: SessionId,
    },
}

/// An Ed25519 public key that access tokens can be verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The id of the key, `kid` in a token's header.
    pub id: String,
    /// The point, as encoded by RFC 8032.
    pub point: [u8; 32],
}

/// Signs and verifies access tokens, and derives refresh tokens.
///
/// # Contract
/// * `an_access_token_reads_back_equal`: [`verify`](Self::verify) MUST return the claims that were signed.
/// * `a_foreign_token_is_invalid`: [`verify`](Self::verify) MUST accept only the configured keys, algorithm, type, issuer
///   and audience, whatever the token's header says.
/// * `a_token_is_valid_from_its_issue_to_its_expiry`: [`verify`](Self::verify) MUST refuse a token before its issue and
///   after its expiry, with at most 5 seconds of leeway.
/// * `public_keys_are_those_that_verify`: [`public_keys`](Self::public_keys) MUST return every key that
///   [`verify`](Self::verify) accepts, the one that signs first, and nothing that a token can be created with: no keys if
///   they are shared secrets.
/// * `a_successor_is_the_same_each_time`: [`successors`](Self::successors) MUST return one secret for each key, the one of
///   the key that signs first, and the same whenever and wherever a token is given with these keys.
/// * `successors_of_other_tokens_or_keys_differ`: the successors of two tokens, or of a token under two keys, MUST differ, and
///   be unpredictable without the key.
pub trait TokenSigner: Send + Sync {
    /// Returns a token with these claims, in its compact form.
    ///
    /// # Errors
    /// If the key cannot sign.
    fn sign(&self, claims: &AccessClaims) -> Result<String, Source>;

    /// Returns the claims of a token that is valid at this time.
    ///
    /// # Errors
    /// [`TokenError`] if it is not valid.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;

    /// Returns the public keys.
    fn public_keys(&self) -> &[PublicKey];

    /// Returns the refresh token that follows on this one, under each key.
    fn successors(&self, refresh_token: &Secret) -> Vec<Secret>;
}
