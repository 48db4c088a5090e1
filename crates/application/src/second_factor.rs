//! Members add a second factor, and take it away.

use std::sync::Arc;

use memo_domain::{Access, AuditKind, SecondFactor, Secret, SecretDigest, UnitOfWork, UserId};

use crate::{
    Device, Error, Ports,
    accounts::present,
    audit::Happened,
    proof::{Claimant, Proofs, check_same_password},
};

/// What sealed secrets are bound to.
const CONTEXT: &str = "totp";
/// How many recovery codes there are.
const CODES: usize = 10;
/// How many random bytes one has: 24 characters of base32. A code with 112 bits or more may be kept hashed without salt (ASVS 5.0, 6.5.2).
const CODE_BYTES: usize = 15;
/// How many bytes of a secret the authenticator gets, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// What an authenticator is set up with.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret, in base32.
    pub secret: String,
    /// The same as an `otpauth:` address.
    pub uri: String,
}

/// Whether a member has a second factor, and how many recovery codes are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Whether it is asked for.
    pub enabled: bool,
    /// How many recovery codes are left.
    pub recovery_codes_left: u64,
}

/// What a code was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    Code,
    RecoveryCode,
}

/// Members have a second factor.
pub struct SecondFactors {
    ports: Arc<Ports>,
    proofs: Arc<Proofs>,
}

impl SecondFactors {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, proofs: Arc<Proofs>) -> Self {
        Self { ports, proofs }
    }

    /// Whether there is one.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn state(&self, user: UserId) -> Result<SecondFactorState, Error> {
        let mut unit = self.ports.store.begin(Access::Read).await?;
        let factor = unit.second_factors().lookup(user).await?;
        let enabled = factor.is_some_and(|factor| factor.confirmed_at.is_some());
        let recovery_codes_left = if enabled { unit.second_factors().count_codes(user).await? } else { 0 };
        Ok(SecondFactorState { enabled, recovery_codes_left })
    }

    /// Begins: makes a secret, which is worth nothing until it is confirmed.
    ///
    /// # Errors
    /// [`Error::MfaEnabled`] where there is one already.
    pub async fn begin(&self, user: UserId) -> Result<Enrolment, Error> {
        let now = self.ports.now();
        let random = self.ports.secrets.next();
        let plain = &random.expose()[..SECRET_BYTES];
        let secret = self.ports.sealer.seal(CONTEXT, plain).map_err(|source| Error::Internal { source })?;
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let account = present(unit.users().lookup(user).await?)?;
        if unit.second_factors().lookup(user).await?.is_some_and(|factor| factor.confirmed_at.is_some()) {
            return Err(Error::MfaEnabled);
        }
        let factor = SecondFactor { user_id: user, secret, confirmed_at: None, last_step: 0, created_at: now };
        unit.second_factors().upsert(&factor).await?;
        unit.commit().await?;
        let codes = &self.ports.codes;
        Ok(Enrolment { secret: codes.text(plain), uri: codes.uri(plain, account.email.as_str()) })
    }

    /// Confirms it by a first code. The recovery codes, which are shown this once.
    ///
    /// # Errors
    /// [`Error::MfaNotBegun`], [`Error::MfaEnabled`], [`Error::CodeWrong`] or [`Error::TooManyAttempts`].
    pub async fn confirm(&self, user: UserId, code: &str, device: &Device) -> Result<Vec<String>, Error> {
        let account = format!("code {user}");
        self.proofs.count(&account, device)?;
        let confirmed = self.confirm_by(user, code, device).await;
        if !matches!(confirmed, Err(Error::CodeWrong)) {
            // It was right, or it was not looked at.
            self.proofs.forgive(&account, device);
        }
        confirmed
    }

    async fn confirm_by(&self, user: UserId, code: &str, device: &Device) -> Result<Vec<String>, Error> {
        let now = self.ports.now();
        let mut unit = self.ports.store.begin(Access::Write).await?;
        // Of two who confirm at once, or begin anew meanwhile, the second one waits here.
        present(unit.users().lookup(user).await?)?;
        let mut factor = unit.second_factors().lookup(user).await?.ok_or(Error::MfaNotBegun)?;
        if factor.confirmed_at.is_some() {
            return Err(Error::MfaEnabled);
        }
        let step = step_of(&self.ports, &factor, code)?.ok_or(Error::CodeWrong)?;
        factor.confirmed_at = Some(now);
        factor.last_step = step;
        unit.second_factors().upsert(&factor).await?;
        let codes: Vec<_> = (0..CODES).map(|_| self.recovery_code()).collect();
        let digests: Vec<_> = codes.iter().map(|code| digest(code)).collect();
        unit.second_factors().replace_codes(user, &digests).await?;
        Happened::to(user, AuditKind::MfaEnabled, device).record(&mut *unit, &self.ports).await?;
        unit.commit().await?;
        Ok(codes)
    }

    /// Takes it away. Nothing happens where there is none.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`] or [`Error::TooManyAttempts`].
    pub async fn remove(&self, claimant: Claimant, password: Option<&str>, device: &Device) -> Result<(), Error> {
        let proved = self.proofs.of_owner(claimant, password, device).await?;
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let user = present(unit.users().lookup(claimant.user_id).await?)?;
        check_same_password(&proved, &user)?;
        if unit.second_factors().remove(user.id).await? {
            Happened::to(user.id, AuditKind::MfaDisabled, device).record(&mut *unit, &self.ports).await?;
        }
        Ok(unit.commit().await?)
    }

    /// In six groups of four characters.
    fn recovery_code(&self) -> String {
        let random = self.ports.secrets.next();
        let text = self.ports.codes.text(&random.expose()[..CODE_BYTES]).to_lowercase();
        let chars: Vec<_> = text.chars().collect();
        chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
    }
}

/// Takes a code by time or a recovery code, each once.
pub async fn accept(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    factor: &SecondFactor,
    code: &str,
) -> Result<Option<Accepted>, Error> {
    if let Some(step) = step_of(ports, factor, code)? {
        let is_new = unit.second_factors().claim_step(factor.user_id, step).await?;
        return Ok(is_new.then_some(Accepted::Code));
    }
    let is_left = unit.second_factors().claim_code(factor.user_id, &digest(code)).await?;
    Ok(is_left.then_some(Accepted::RecoveryCode))
}

fn step_of(ports: &Ports, factor: &SecondFactor, code: &str) -> Result<Option<i64>, Error> {
    let secret = ports.sealer.open(CONTEXT, &factor.secret).map_err(|source| Error::Internal { source })?;
    let code: String = code.chars().filter(|char| !char.is_whitespace()).collect();
    Ok(ports.codes.step(&secret, &code, ports.now()))
}

/// What is kept of a recovery code, however it is written: it is random enough to need no salt.
fn digest(code: &str) -> SecretDigest {
    let mut bytes = [0; 32];
    let letters = code.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase());
    for (byte, letter) in bytes.iter_mut().zip(letters) {
        *byte = letter as u8;
    }
    Secret::new(bytes).digest()
}
