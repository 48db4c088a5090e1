use async_trait::async_trait;

use crate::{Sealed, SecretDigest, StoreError, Timestamp, UserId};

/// A second factor: time-based codes (TOTP, RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The user.
    pub user_id: UserId,
    /// The shared secret that codes are computed from.
    pub secret: Sealed,
    /// When the user confirmed it with a code; it is not required before.
    pub confirmed_at: Option<Timestamp>,
    /// The time step of the last accepted code; codes of this or an earlier step are refused.
    pub last_step: i64,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Stores second factors and their recovery codes.
///
/// # Contract
/// * `a_second_factor_reads_back_equal`: [`lookup`](Self::lookup) MUST return what was written last.
/// * `a_second_factor_needs_its_user`: [`upsert`](Self::upsert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user does not exist.
/// * `an_upsert_keeps_the_recovery_codes`: [`upsert`](Self::upsert) MUST NOT change the recovery codes.
/// * `recovery_codes_need_a_second_factor`: [`replace_codes`](Self::replace_codes) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the user has no second factor.
/// * `equal_recovery_codes_count_once`: of equal codes in one [`replace_codes`](Self::replace_codes) one MUST be stored.
/// * `a_step_may_be_any_number`: [`claim_step`](Self::claim_step) MUST accept and compare every number.
/// * `a_step_is_claimed_once`: of any number of [`claim_step`](Self::claim_step)s of one step, in one unit of work or in
///   many at once, exactly one MUST return `true`; none of a step before the last claimed one.
/// * `a_recovery_code_is_claimed_once`: of any number of [`claim_code`](Self::claim_code)s of one code exactly one MUST
///   return `true`.
/// * `a_removed_second_factor_has_no_codes`: [`remove`](Self::remove) MUST remove the factor with its codes, and
///   [`replace_codes`](Self::replace_codes) all codes but the ones given.
#[async_trait]
pub trait SecondFactorRepository: Send {
    /// Returns the second factor of a user, confirmed or not.
    async fn lookup(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError>;

    /// Adds or replaces the second factor.
    async fn upsert(&mut self, factor: &SecondFactor) -> Result<(), StoreError>;

    /// Replaces all recovery codes. The factor must exist.
    async fn replace_codes(&mut self, user: UserId, codes: &[SecretDigest]) -> Result<(), StoreError>;

    /// Returns the number of unused recovery codes.
    async fn count_codes(&mut self, user: UserId) -> Result<u64, StoreError>;

    /// Makes this the last accepted time step, atomically. Returns whether it is later than the previous one.
    async fn claim_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError>;

    /// Removes a recovery code, atomically. Returns whether it existed.
    async fn claim_code(&mut self, user: UserId, code: &SecretDigest) -> Result<bool, StoreError>;

    /// Removes the factor and its codes. Returns whether there was one.
    async fn remove(&mut self, user: UserId) -> Result<bool, StoreError>;
}

/// Computes and checks time-based codes (TOTP, RFC 6238).
///
/// # Contract
/// * `one_time_codes_are_those_of_rfc_6238`: codes MUST be those of RFC 6238 with HMAC-SHA-1, six digits and steps of 30 s.
/// * `a_one_time_code_is_valid_one_step_before_and_after`: [`step`](Self::step) MUST accept a code in its own step, the
///   previous and the next one, and in no other.
/// * `the_latest_step_of_one_time_codes_is_the_next_one`: [`latest_step`](Self::latest_step) MUST be the step after the current one.
/// * `a_wrong_one_time_code_has_no_step`: [`step`](Self::step) MUST NOT accept anything but the six digits.
/// * `a_code_secret_is_base32_and_in_the_uri`: [`text`](Self::text) MUST be base32 (RFC 4648) without padding, and
///   [`uri`](Self::uri) MUST contain it and the percent-encoded account.
pub trait OneTimeCodes: Send + Sync {
    /// Returns the time step of a code if it is the current one, the previous or the next.
    fn step(&self, secret: &[u8], code: &str, now: Timestamp) -> Option<i64>;

    /// Returns the latest time step whose codes are accepted.
    fn latest_step(&self, now: Timestamp) -> i64;

    /// Returns the current code.
    fn code(&self, secret: &[u8], now: Timestamp) -> String;

    /// Returns the secret in base32 (RFC 4648), for typing it in.
    fn text(&self, secret: &[u8]) -> String;

    /// Returns the secret as an `otpauth:` URI, for scanning it.
    fn uri(&self, secret: &[u8], account: &str) -> String;
}
