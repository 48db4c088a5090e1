use async_trait::async_trait;

use crate::{Scopes, SecretDigest, StoreError, Timestamp, UserId};

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenPurpose {
    /// It proves that an address is its owner's.
    VerifyEmail,
    /// It sets a new password.
    ResetPassword,
    /// It says that the password was right and the second factor is still to come.
    SecondFactor,
}

impl TokenPurpose {
    /// Every purpose with its stable name, for stores.
    pub const NAMES: [(Self, &'static str); 3] = [
        (Self::VerifyEmail, "verify_email"),
        (Self::ResetPassword, "reset_password"),
        (Self::SecondFactor, "second_factor"),
    ];
}

/// The stored form of a single-use token, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    /// The digest of the secret.
    pub digest: SecretDigest,
    /// The user.
    pub user_id: UserId,
    /// The purpose.
    pub purpose: TokenPurpose,
    /// The key of the address that it was made for: it is invalid once the user has another address.
    pub email_key: Option<String>,
    /// The scopes of the tokens that it leads to; `None` if it leads to a cookie, or to no session.
    pub scopes: Option<Scopes>,
    /// The number of failed attempts.
    pub tries: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Stores single-use tokens.
///
/// # Contract
/// * `a_one_time_token_reads_back_equal`: [`lookup`](Self::lookup) MUST return what was inserted with the same digest and
///   purpose.
/// * `an_insert_with_a_taken_one_time_digest_conflicts`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Id`](crate::Conflict::Id) if the digest is taken, by a token of any user and purpose.
/// * `a_one_time_token_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `a_one_time_token_is_taken_once`: of any number of [`take`](Self::take)s of one token, in one unit of work or in many
///   at once, exactly one that commits MUST return it.
/// * `tries_are_counted`: [`count_try`](Self::count_try) MUST add one atomically and return the sum; 0 if there is no such
///   token.
/// * `one_time_tokens_of_a_purpose_are_removed`: [`remove_all`](Self::remove_all) MUST remove all of a user's tokens for
///   that purpose and no others.
/// * `expired_one_time_tokens_are_removed`: [`remove_before`](Self::remove_before) MUST remove tokens that expired
///   before that time, at most `most`, and return how many.
#[async_trait]
pub trait OneTimeTokenRepository: Send {
    /// Returns the token with this digest.
    async fn lookup(
        &mut self,
        digest: &SecretDigest,
        purpose: TokenPurpose,
    ) -> Result<Option<OneTimeToken>, StoreError>;

    /// Adds a token.
    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError>;

    /// Removes and returns a token, in one atomic step.
    async fn take(&mut self, digest: &SecretDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>, StoreError>;

    /// Counts a failed attempt. Returns the new number of attempts.
    async fn count_try(&mut self, digest: &SecretDigest) -> Result<u32, StoreError>;

    /// Removes all tokens of a user for a purpose.
    async fn remove_all(&mut self, user: UserId, purpose: TokenPurpose) -> Result<(), StoreError>;

    /// Removes up to `most` tokens that expired before a time. Returns how many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
