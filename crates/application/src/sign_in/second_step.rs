//! The second step of a sign-in: a time-based one-time code, or a recovery code.

use std::time::Duration;

use memo_domain::{
    AuditKind, OneTimeToken, Scopes, SecondFactor, Secret, SecretDigest, Timestamp, TokenPurpose, UnitOfWork, User,
};

use super::{CookieGrant, Device, Grant, Proof, SignIn, check_unchanged};
use crate::{Error, audit::AuditEntry, second_factor};

/// How long the second step may take.
const TOKEN_TTL: Duration = Duration::from_mins(5);
/// How many wrong codes one token accepts.
const MAX_TRIES: u32 = 5;

/// What a sign-in leads to. The token of the first step is valid for the same call only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Tokens,
    Cookie,
}

/// The result of a code that was checked.
enum Checked {
    Accepted(User, Scopes),
    Wrong(User),
}

impl SignIn {
    /// Returns the token of the second step, if the user has a second factor. It leads to tokens with these scopes; without
    /// scopes, to a cookie.
    pub(super) async fn second_step(&self, user: &User, scopes: Option<Scopes>) -> Result<Option<Secret>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user.id);
        let factor = transactions.read(async |unit| Ok(unit.second_factors().lookup(user.id).await?)).await?;
        if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
            return Ok(None);
        }
        let now = self.ports.now();
        let secret = self.ports.secrets.next();
        let token = OneTimeToken {
            digest: secret.digest(),
            user_id: user.id,
            purpose: TokenPurpose::SecondFactor,
            email_key: None,
            scopes,
            tries: 0,
            created_at: now,
            expires_at: now + TOKEN_TTL,
        };
        let inserted = transactions.write(async |tx| {
            check_unchanged(tx, user).await?;
            Ok(tx.one_time_tokens().insert(&token).await?)
        });
        inserted.await?;
        Ok(Some(secret))
    }

    /// Signs in by the second step, for tokens.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`] or [`Error::TooManyAttempts`].
    pub async fn by_code(&self, token: &Secret, code: &str, device: &Device) -> Result<Grant, Error> {
        let (user, scopes) = self.redeem(token, Flow::Tokens, code, device).await?;
        self.grant_tokens(&user, scopes, Proof::SecondFactor, device).await
    }

    /// Signs in by the second step, for a cookie.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`] or [`Error::TooManyAttempts`].
    pub async fn cookie_by_code(
        &self,
        token: &Secret,
        code: &str,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<CookieGrant, Error> {
        let (user, _) = self.redeem(token, Flow::Cookie, code, device).await?;
        self.grant_cookie(&user, Proof::SecondFactor, previous, device).await
    }

    async fn redeem(&self, token: &Secret, flow: Flow, code: &str, device: &Device) -> Result<(User, Scopes), Error> {
        let digest = token.digest();
        let now = self.ports.now();
        let transactions = &self.ports.transactions;
        let (_, user, _) = transactions.read(async |unit| pending(unit, &digest, flow, now).await).await?;
        let account = format!("code {}", user.id);
        let attempt = self.reauthentication.count(&account, Some(user.id), device).await?;
        let checked = self.check_code(&digest, flow, code, device).await;
        if !matches!(checked, Ok(Checked::Wrong(_))) {
            // It was right, or it was not checked.
            self.reauthentication.forgive(attempt).await;
        }
        match checked? {
            Checked::Accepted(user, scopes) => Ok((user, scopes)),
            Checked::Wrong(user) => {
                self.reauthentication.failed(&account, Some(&user), device);
                Err(Error::InvalidGrant)
            }
        }
    }

    /// Checks a code. That a wrong one was tried is committed, too.
    async fn check_code(
        &self,
        digest: &SecretDigest,
        flow: Flow,
        code: &str,
        device: &Device,
    ) -> Result<Checked, Error> {
        let checked = self.ports.transactions.write(async |tx| {
            let now = tx.now();
            let (token, user, factor) = pending(&mut **tx, digest, flow, now).await?;
            let Some(accepted) = second_factor::accept(tx, &self.ports, &factor, code).await? else {
                if tx.one_time_tokens().count_try(digest).await? >= MAX_TRIES {
                    tx.one_time_tokens().take(digest, TokenPurpose::SecondFactor).await?;
                }
                return Ok(Checked::Wrong(user));
            };
            if tx.one_time_tokens().take(digest, TokenPurpose::SecondFactor).await?.is_none() {
                return Err(Error::InvalidGrant);
            }
            if accepted == second_factor::Accepted::RecoveryCode {
                let left = tx.second_factors().count_codes(user.id).await?;
                let entry = AuditEntry::new(user.id, AuditKind::RecoveryCodeUsed, device);
                tx.record(entry.with_detail(format!("{left} left"))).await?;
            }
            Ok(Checked::Accepted(user, token.scopes.unwrap_or_else(Scopes::all)))
        });
        checked.await
    }
}

/// Looks up the token of a second step with its user and their second factor.
async fn pending(
    unit: &mut dyn UnitOfWork,
    digest: &SecretDigest,
    flow: Flow,
    now: Timestamp,
) -> Result<(OneTimeToken, User, SecondFactor), Error> {
    let token = unit.one_time_tokens().lookup(digest, TokenPurpose::SecondFactor).await?;
    let token = token.filter(|token| now < token.expires_at && token.scopes.is_some() == (flow == Flow::Tokens));
    let token = token.ok_or(Error::InvalidGrant)?;
    let user = unit.users().lookup(token.user_id).await?.filter(|user| user.disabled_at.is_none());
    let factor = unit.second_factors().lookup(token.user_id).await?;
    let factor = factor.filter(|factor| factor.confirmed_at.is_some());
    Ok((token, user.ok_or(Error::InvalidGrant)?, factor.ok_or(Error::InvalidGrant)?))
}
