//! The second step of a sign-in: a code by time, or a recovery code.

use std::time::Duration;

use memo_domain::{
    Access, AuditKind, OneTimeToken, Scopes, SecondFactor, Secret, SecretDigest, TokenPurpose, UnitOfWork, User,
};

use super::{CookieGrant, Device, Grant, SignIn, check_still};
use crate::{Error, audit::Happened, second_factor};

/// How long the second step may take.
const TOKEN_TTL: Duration = Duration::from_mins(5);
/// How many wrong codes one token takes.
const TRIES: u32 = 5;

impl SignIn {
    /// What the second step needs, where the member has a second factor.
    pub(super) async fn second_step(&self, user: &User, scopes: Scopes) -> Result<Option<Secret>, Error> {
        let factor = self.ports.store.begin(Access::Read).await?.second_factors().lookup(user.id).await?;
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
            scopes: Some(scopes),
            tries: 0,
            created_at: now,
            expires_at: now + TOKEN_TTL,
        };
        let mut unit = self.ports.store.begin(Access::Write).await?;
        check_still(&mut *unit, user).await?;
        unit.one_time_tokens().insert(&token).await?;
        unit.commit().await?;
        Ok(Some(secret))
    }

    /// Signs in by the second step, for tokens.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`] or [`Error::TooManyAttempts`].
    pub async fn by_code(&self, token: &Secret, code: &str, device: &Device) -> Result<Grant, Error> {
        let (user, scopes) = self.redeem(token, code, device).await?;
        self.grant_tokens(&user, scopes, device).await
    }

    /// Signs in by the second step, for a cookie.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`] or [`Error::TooManyAttempts`].
    pub async fn cookie_by_code(
        &self,
        token: &Secret,
        code: &str,
        before: Option<&Secret>,
        device: &Device,
    ) -> Result<CookieGrant, Error> {
        let (user, _) = self.redeem(token, code, device).await?;
        self.grant_cookie(&user, None, before, device).await
    }

    async fn redeem(&self, token: &Secret, code: &str, device: &Device) -> Result<(User, Scopes), Error> {
        let digest = token.digest();
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let (token, user, factor) = self.pending(&mut *unit, &digest).await?;
        let account = format!("code {}", user.id);
        self.proofs.count(&account, device)?;
        let accepted = second_factor::accept(&mut *unit, &self.ports, &factor, code).await;
        if !matches!(accepted, Ok(None)) {
            // It was right, or it was not looked at.
            self.proofs.forgive(&account, device);
        }
        let Some(accepted) = accepted? else {
            if unit.one_time_tokens().count_try(&digest).await? >= TRIES {
                unit.one_time_tokens().take(&digest, TokenPurpose::SecondFactor).await?;
            }
            unit.commit().await?;
            self.proofs.failed(&user, device);
            return Err(Error::InvalidGrant);
        };
        if unit.one_time_tokens().take(&digest, TokenPurpose::SecondFactor).await?.is_none() {
            return Err(Error::InvalidGrant);
        }
        if accepted == second_factor::Accepted::RecoveryCode {
            let left = unit.second_factors().count_codes(user.id).await?;
            let happened = Happened::to(user.id, AuditKind::RecoveryCodeUsed, device).with(format!("{left} left"));
            happened.record(&mut *unit, &self.ports).await?;
        }
        unit.commit().await?;
        Ok((user, token.scopes.unwrap_or_else(Scopes::all)))
    }

    async fn pending(
        &self,
        unit: &mut dyn UnitOfWork,
        digest: &SecretDigest,
    ) -> Result<(OneTimeToken, User, SecondFactor), Error> {
        let token = unit.one_time_tokens().lookup(digest, TokenPurpose::SecondFactor).await?;
        let token = token.filter(|token| self.ports.now() < token.expires_at).ok_or(Error::InvalidGrant)?;
        let user = unit.users().lookup(token.user_id).await?.filter(|user| user.disabled_at.is_none());
        let factor = unit.second_factors().lookup(token.user_id).await?;
        let factor = factor.filter(|factor| factor.confirmed_at.is_some());
        Ok((token, user.ok_or(Error::InvalidGrant)?, factor.ok_or(Error::InvalidGrant)?))
    }
}
