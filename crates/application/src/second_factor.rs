//! Second factors: time-based one-time codes and recovery codes.

use std::sync::Arc;

use memo_domain::{AuditKind, MailMessage, SecondFactor, Secret, SecretDigest, UserId};

use crate::{
    Device, Error, Ports, Principal,
    accounts::present,
    audit::AuditEntry,
    jobs::mail,
    reauthentication::{Reauthentication, check_same_password},
    transaction::Transaction,
};

/// What sealed secrets are bound to.
const CONTEXT: &str = "totp";
/// The number of recovery codes.
const CODES: usize = 10;
/// The random bytes of a recovery code: 24 characters of base32. A code of 112 bits or more may be hashed without a salt
/// (ASVS 5.0, 6.5.2).
const CODE_BYTES: usize = 15;
/// The bytes of an authenticator's secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// What an authenticator is set up with.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret, in base32.
    pub secret: String,
    /// The secret as an `otpauth:` URI.
    pub uri: String,
}

/// The state of a user's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Whether sign-in asks for it.
    pub enabled: bool,
    /// The number of unused recovery codes.
    pub recovery_codes_left: u64,
}

/// The kind of a code that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    Code,
    RecoveryCode,
}

/// The second factors of users.
pub struct SecondFactors {
    ports: Arc<Ports>,
    reauthentication: Arc<Reauthentication>,
}

impl SecondFactors {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, reauthentication: Arc<Reauthentication>) -> Self {
        Self { ports, reauthentication }
    }

    /// Returns the state of a user's second factor.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn state(&self, user: UserId) -> Result<SecondFactorState, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let state = transactions.read(async |unit| {
            let factor = unit.second_factors().lookup(user).await?;
            let enabled = factor.is_some_and(|factor| factor.confirmed_at.is_some());
            let recovery_codes_left = if enabled { unit.second_factors().count_codes(user).await? } else { 0 };
            Ok(SecondFactorState { enabled, recovery_codes_left })
        });
        state.await
    }

    /// Creates a secret. It has no effect until it is confirmed.
    ///
    /// # Errors
    /// [`Error::ProofRequired`]. [`Error::EmailNotVerified`]: a second factor must not keep the owner of the address out. [`Error::MfaEnabled`] if the user
    /// has a second factor already.
    pub async fn begin(&self, caller: &Principal) -> Result<Enrolment, Error> {
        let user = caller.user_id;
        let random = self.ports.secrets.next();
        let plain = &random.expose()[..SECRET_BYTES];
        let secret = self.ports.sealer.seal(CONTEXT, plain).map_err(|source| Error::Internal { source })?;
        let transactions = self.ports.transactions.on_behalf_of(user);
        let account = transactions.write(async |tx| {
            let account = present(tx.users().lookup(user).await?)?;
            self.reauthentication.require_recent(&mut **tx, caller).await?;
            if !account.email_verified {
                return Err(Error::EmailNotVerified);
            }
            if tx.second_factors().lookup(user).await?.is_some_and(|factor| factor.confirmed_at.is_some()) {
                return Err(Error::MfaEnabled);
            }
            let (secret, created_at) = (secret.clone(), tx.now());
            let factor = SecondFactor { user_id: user, secret, confirmed_at: None, last_step: 0, created_at };
            tx.second_factors().upsert(&factor).await?;
            Ok(account)
        });
        let account = account.await?;
        let codes = &self.ports.codes;
        Ok(Enrolment { secret: codes.text(plain), uri: codes.uri(plain, account.email.as_str()) })
    }

    /// Confirms the secret by a first code. Returns the recovery codes, which can't be read again.
    ///
    /// # Errors
    /// [`Error::MfaNotBegun`], [`Error::MfaEnabled`], [`Error::CodeWrong`] or [`Error::TooManyAttempts`].
    pub async fn confirm(&self, user: UserId, code: &str, device: &Device) -> Result<Vec<String>, Error> {
        let account = format!("code {user}");
        let attempt = self.reauthentication.count(&account, Some(user), device).await?;
        let confirmed = self
            .ports
            .transactions
            .on_behalf_of(user)
            .write(async |tx| self.confirm_in(tx, user, code, device).await)
            .await;
        if !matches!(confirmed, Err(Error::CodeWrong)) {
            // It was right, or it was not checked.
            self.reauthentication.forgive(attempt).await;
        }
        confirmed
    }

    async fn confirm_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
        code: &str,
        device: &Device,
    ) -> Result<Vec<String>, Error> {
        // Locks the user, so that another transaction can't confirm or replace the secret meanwhile.
        let account = present(tx.users().lookup(user).await?)?;
        let mut factor = tx.second_factors().lookup(user).await?.ok_or(Error::MfaNotBegun)?;
        if factor.confirmed_at.is_some() {
            return Err(Error::MfaEnabled);
        }
        let step = step_of(&self.ports, &factor, code)?.ok_or(Error::CodeWrong)?;
        factor.confirmed_at = Some(tx.now().not_before(factor.created_at));
        factor.last_step = step;
        tx.second_factors().upsert(&factor).await?;
        let codes: Vec<_> = (0..CODES).map(|_| self.recovery_code()).collect();
        let digests: Vec<_> = codes.iter().map(|code| digest(code)).collect();
        tx.second_factors().replace_codes(user, &digests).await?;
        tx.record(AuditEntry::new(user, AuditKind::MfaEnabled, device)).await?;
        mail::send(tx, &self.ports, &account, MailMessage::MfaEnabled).await?;
        Ok(codes)
    }

    /// Removes the second factor, if there is one.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`] or [`Error::TooManyAttempts`].
    pub async fn remove(&self, caller: &Principal, password: Option<&str>, device: &Device) -> Result<(), Error> {
        let proved = self.reauthentication.prove(caller, password, device).await?;
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let removed = transactions.write(async |tx| {
            let user = present(tx.users().lookup(caller.user_id).await?)?;
            check_same_password(&proved, &user)?;
            if tx.second_factors().remove(user.id).await? {
                tx.record(AuditEntry::new(user.id, AuditKind::MfaDisabled, device)).await?;
                mail::send(tx, &self.ports, &user, MailMessage::MfaDisabled).await?;
            }
            Ok(())
        });
        removed.await
    }

    /// Creates a recovery code of six groups of four characters.
    fn recovery_code(&self) -> String {
        let random = self.ports.secrets.next();
        let text = self.ports.codes.text(&random.expose()[..CODE_BYTES]).to_lowercase();
        let chars: Vec<_> = text.chars().collect();
        chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
    }
}

/// Accepts a time-based code or a recovery code, each once. A factor that is looked up in a writing unit of work does not change.
pub async fn accept(
    tx: &mut Transaction,
    ports: &Ports,
    factor: &SecondFactor,
    code: &str,
) -> Result<Option<Accepted>, Error> {
    if let Some(step) = step_of(ports, factor, code)? {
        // The clock was ahead when that code was accepted: it must not refuse the codes of today.
        if factor.last_step > ports.codes.latest_step(ports.now()) {
            tx.second_factors().upsert(&SecondFactor { last_step: step, ..factor.clone() }).await?;
            return Ok(Some(Accepted::Code));
        }
        let is_new = tx.second_factors().claim_step(factor.user_id, step).await?;
        return Ok(is_new.then_some(Accepted::Code));
    }
    let is_left = tx.second_factors().claim_code(factor.user_id, &digest(code)).await?;
    Ok(is_left.then_some(Accepted::RecoveryCode))
}

fn step_of(ports: &Ports, factor: &SecondFactor, code: &str) -> Result<Option<i64>, Error> {
    let secret = ports.sealer.open(CONTEXT, &factor.secret).map_err(|source| Error::Internal { source })?;
    let code: String = code.chars().filter(|char| !char.is_whitespace()).collect();
    Ok(ports.codes.step(&secret, &code, ports.now()))
}

/// Returns the digest of a recovery code in any spelling. The code is random enough to need no salt.
fn digest(code: &str) -> SecretDigest {
    let mut bytes = [0; 32];
    let letters = code.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase());
    for (byte, letter) in bytes.iter_mut().zip(letters) {
        *byte = letter as u8;
    }
    Secret::new(bytes).digest()
}
