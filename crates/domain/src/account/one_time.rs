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
    /// Every purpose with its name in stores.
    pub const NAMES: [(Self, &'static str); 3] = [
        (Self::VerifyEmail, "verify_email"),
        (Self::ResetPassword, "reset_password"),
        (Self::SecondFactor, "second_factor"),
    ];
}

/// A token that is used once, as it is kept: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    /// The digest of the secret.
    pub digest: SecretDigest,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is good for.
    pub purpose: TokenPurpose,
    /// The key of the address that it was made for: it is worth nothing once the member has another one.
    pub email_key: Option<String>,
    /// What the sign-in may do that it leads to.
    pub scopes: Option<Scopes>,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Keeps tokens that are used once.
///
/// # Contract
/// * `a_one_time_token_reads_back_equal`: [`lookup`](Self::lookup) MUST give what was inserted, where digest and purpose are
///   the same.
/// * `a_one_time_token_needs_its_user`: [`insert`](Self::insert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `a_one_time_token_is_taken_once`: of any number of [`take`](Self::take)s of one token, in one unit of work or in many
///   at once, exactly one that commits MUST give it.
/// * `tries_are_counted`: [`count_try`](Self::count_try) MUST add one atomically and give the sum; 0 where there is no such
///   token.
/// * `one_time_tokens_of_a_purpose_are_removed`: [`remove_all`](Self::remove_all) MUST remove all of a member's tokens of
///   that purpose and no others.
/// * `one_time_tokens_that_are_over_are_removed`: [`remove_before`](Self::remove_before) MUST remove tokens that expired
///   before that time, no more than `most`, and give how many.
#[async_trait]
pub trait OneTimeTokenRepository: Send {
    /// The token with this digest.
    async fn lookup(
        &mut self,
        digest: &SecretDigest,
        purpose: TokenPurpose,
    ) -> Result<Option<OneTimeToken>, StoreError>;

    /// Adds a token.
    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError>;

    /// Removes a token, in one atomic step. What it was.
    async fn take(&mut self, digest: &SecretDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>, StoreError>;

    /// Counts a try in vain. How many there were with it.
    async fn count_try(&mut self, digest: &SecretDigest) -> Result<u32, StoreError>;

    /// Removes all tokens of a member for a purpose.
    async fn remove_all(&mut self, user: UserId, purpose: TokenPurpose) -> Result<(), StoreError>;

    /// Removes some of the tokens that expired before a time. How many.
    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError>;
}
