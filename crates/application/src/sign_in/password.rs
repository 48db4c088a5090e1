//! Sign-in by e-mail address and password.

use memo_domain::{Email, HashLane, HashPurpose, Password, Scopes, Secret, User};

use super::{CookieGrant, Device, Grant, Proof, SignIn, SignedIn};
use crate::Error;

impl SignIn {
    /// Signs in by password, for tokens.
    ///
    /// An unknown address, a wrong password and a disabled account get the same response, after the same time.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], [`Error::TooManyAttempts`], or [`Error::Overloaded`] if too many passwords wait to be checked.
    pub async fn by_password(
        &self,
        email: &str,
        password: &str,
        scopes: Scopes,
        device: &Device,
    ) -> Result<SignedIn<Grant>, Error> {
        let user = self.check_password(email, password, device).await?;
        match self.second_step(&user, Some(scopes)).await? {
            Some(token) => Ok(SignedIn::SecondFactorNeeded(token)),
            None => self.grant_tokens(&user, scopes, Proof::Password, device).await.map(SignedIn::Done),
        }
    }

    /// Signs in by password, for a cookie. Ends the session of the browser's previous cookie.
    ///
    /// # Errors
    /// Like [`by_password`](Self::by_password).
    pub async fn cookie_by_password(
        &self,
        email: &str,
        password: &str,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<SignedIn<CookieGrant>, Error> {
        let user = self.check_password(email, password, device).await?;
        match self.second_step(&user, None).await? {
            Some(token) => Ok(SignedIn::SecondFactorNeeded(token)),
            None => self.grant_cookie(&user, Proof::Password, previous, device).await.map(SignedIn::Done),
        }
    }

    async fn check_password(&self, email: &str, password: &str, device: &Device) -> Result<User, Error> {
        // An invalid address or password reveals nothing about any account.
        let email = Email::new(email).map_err(|_| Error::InvalidGrant)?;
        let password = Password::new(password).map_err(|_| Error::InvalidGrant)?;
        let transactions = &self.ports.transactions;
        let user = transactions.read(async |unit| Ok(unit.users().find_by_email(&email).await?)).await?;
        let attempt = self.reauthentication.count(email.key(), user.as_ref().map(|user| user.id), device).await?;
        let lane = device.lane(HashPurpose::SignIn);
        let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
        let verified = self.ports.hasher.verify(&password, hash, lane).await;
        match (user, verified) {
            (Some(user), Ok(true)) if user.disabled_at.is_none() => {
                self.reauthentication.forgive(attempt).await;
                self.rehash(user, &password, lane).await
            }
            (user, Ok(_)) => {
                self.reauthentication.failed(email.key(), user.as_ref(), device);
                Err(Error::InvalidGrant)
            }
            (_, Err(error)) => {
                self.reauthentication.forgive(attempt).await;
                Err(error.into())
            }
        }
    }

    /// Replaces the password's hash if it has an older scheme, cost or key.
    async fn rehash(&self, user: User, password: &Password, lane: HashLane) -> Result<User, Error> {
        let Some(old) = user.password_hash.as_ref().filter(|hash| self.ports.hasher.is_outdated(hash)) else {
            return Ok(user);
        };
        let hash = self.ports.hasher.hash(password, lane).await?;
        let transactions = self.ports.transactions.on_behalf_of(user.id);
        let rehashed = transactions.write(async |tx| {
            let mut user = tx.users().lookup(user.id).await?.ok_or(Error::InvalidGrant)?;
            // Meanwhile the password may have been changed, or rehashed by another sign-in.
            if user.password_hash.as_ref() == Some(old) {
                user.password_hash = Some(hash.clone());
                let from = user.version;
                user.version = from.next();
                tx.users().update(&user, from).await?;
            }
            Ok(user)
        });
        let user = rehashed.await?;
        let is_right = user.password_hash.as_ref() == Some(&hash)
            || self.ports.hasher.verify(password, user.password_hash.as_ref(), lane).await?;
        if is_right { Ok(user) } else { Err(Error::InvalidGrant) }
    }
}
