use async_trait::async_trait;

use crate::{Sealed, SecretDigest, StoreError, Timestamp, UserId};

/// What a member proves a sign-in with beside their password: codes by time (TOTP, RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose it is.
    pub user_id: UserId,
    /// The secret that both sides make codes from.
    pub secret: Sealed,
    /// When its owner showed that they have it; it is not asked for before.
    pub confirmed_at: Option<Timestamp>,
    /// The step of time of the last code that was accepted: no code of it or of one before is.
    pub last_step: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Keeps second factors and their recovery codes.
///
/// # Contract
/// * `a_second_factor_reads_back_equal`: [`lookup`](Self::lookup) MUST give what was put last.
/// * `a_second_factor_needs_its_user`: [`upsert`](Self::upsert) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) where the member does not exist.
/// * `a_step_is_claimed_once`: of any number of [`claim_step`](Self::claim_step)s of one step, in one unit of work or in
///   many at once, exactly one MUST give `true`; none of a step before the last one claimed.
/// * `a_recovery_code_is_claimed_once`: of any number of [`claim_code`](Self::claim_code)s of one code exactly one MUST
///   give `true`.
/// * `a_removed_second_factor_has_no_codes`: [`remove`](Self::remove) MUST remove the factor with its codes, and
///   [`replace_codes`](Self::replace_codes) all codes but the ones given.
#[async_trait]
pub trait SecondFactorRepository: Send {
    /// That of a member, confirmed or not.
    async fn lookup(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError>;

    /// Adds it, or replaces the one that there is.
    async fn upsert(&mut self, factor: &SecondFactor) -> Result<(), StoreError>;

    /// Replaces all recovery codes. The factor must be there.
    async fn replace_codes(&mut self, user: UserId, codes: &[SecretDigest]) -> Result<(), StoreError>;

    /// How many recovery codes are left.
    async fn count_codes(&mut self, user: UserId) -> Result<u64, StoreError>;

    /// Makes this step the last one accepted, in one atomic step. Whether it came after the one before.
    async fn claim_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError>;

    /// Removes a recovery code, in one atomic step. Whether it was there.
    async fn claim_code(&mut self, user: UserId, code: &SecretDigest) -> Result<bool, StoreError>;

    /// Removes the factor and its codes. Whether there was one.
    async fn remove(&mut self, user: UserId) -> Result<bool, StoreError>;
}

/// Makes and checks codes by time (TOTP, RFC 6238: HMAC-SHA-1, six digits, steps of 30 s).
pub trait OneTimeCodes: Send + Sync {
    /// The step of time of a code, where it is one of this moment's or of one step before or behind it.
    fn step(&self, secret: &[u8], code: &str, now: Timestamp) -> Option<i64>;

    /// The code of this moment.
    fn code(&self, secret: &[u8], now: Timestamp) -> String;

    /// The secret as text in base32 (RFC 4648), for who types it.
    fn text(&self, secret: &[u8]) -> String;

    /// The secret as an `otpauth:` address, for who scans it.
    fn uri(&self, secret: &[u8], account: &str) -> String;
}
