//! Who knows the password of an account.

use memo_domain::{Access, Email, Password, Scopes, Secret, User};

use super::{CookieGrant, Device, Grant, SignIn, SignedIn};
use crate::{Error, unit::repeat};

impl SignIn {
    /// Signs in by password, for tokens.
    ///
    /// An unknown address, a wrong password and a disabled account are told apart neither by the answer nor by its time.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], [`Error::TooManyAttempts`], or [`Error::Overloaded`] where too many passwords wait.
    pub async fn by_password(
        &self,
        email: &str,
        password: &str,
        scopes: Scopes,
        device: &Device,
    ) -> Result<SignedIn<Grant>, Error> {
        let user = self.known(email, password, device).await?;
        match self.second_step(&user, scopes).await? {
            Some(token) => Ok(SignedIn::SecondFactorNeeded(token)),
            None => self.grant_tokens(&user, scopes, device).await.map(SignedIn::Done),
        }
    }

    /// Signs in by password, for a cookie. The sign-in of the cookie that the browser had before ends.
    ///
    /// # Errors
    /// As [`by_password`](Self::by_password).
    pub async fn cookie_by_password(
        &self,
        email: &str,
        password: &str,
        before: Option<&Secret>,
        device: &Device,
    ) -> Result<SignedIn<CookieGrant>, Error> {
        let user = self.known(email, password, device).await?;
        match self.second_step(&user, Scopes::all()).await? {
            Some(token) => Ok(SignedIn::SecondFactorNeeded(token)),
            None => self.grant_cookie(&user, None, before, device).await.map(SignedIn::Done),
        }
    }

    async fn known(&self, email: &str, password: &str, device: &Device) -> Result<User, Error> {
        // What can't be an address or a password at all tells nothing of any account.
        let email = Email::new(email).map_err(|_| Error::InvalidGrant)?;
        let password = Password::new(password).map_err(|_| Error::InvalidGrant)?;
        self.proofs.count(email.key(), device)?;
        let looked_at = async {
            let user = self.ports.store.begin(Access::Read).await?.users().find_by_email(&email).await?;
            let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
            let is_right = self.ports.hasher.verify(&password, hash).await?;
            Ok::<_, Error>((user, is_right))
        };
        let looked_at = looked_at.await;
        if looked_at.is_err() {
            self.proofs.forgive(email.key(), device);
        }
        let (user, is_right) = looked_at?;
        let Some(user) = user else { return Err(Error::InvalidGrant) };
        if !is_right || user.disabled_at.is_some() {
            self.proofs.failed(&user, device);
            return Err(Error::InvalidGrant);
        }
        self.proofs.forgive(email.key(), device);
        self.hash_anew(user, &password).await
    }

    /// Where the kept hash was made by an older scheme, cost or key.
    async fn hash_anew(&self, user: User, password: &Password) -> Result<User, Error> {
        let Some(old) = user.password_hash.as_ref().filter(|hash| self.ports.hasher.is_outdated(hash)) else {
            return Ok(user);
        };
        let hash = self.ports.hasher.hash(password).await?;
        let user = repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let mut user = unit.users().lookup(user.id).await?.ok_or(Error::InvalidGrant)?;
            // Another password, or the same by another sign-in, may have been set meanwhile.
            if user.password_hash.as_ref() == Some(old) {
                user.password_hash = Some(hash.clone());
                let from = user.version;
                user.version = from.next();
                unit.users().update(&user, from).await?;
                unit.commit().await?;
            }
            Ok(user)
        })
        .await?;
        let is_theirs = user.password_hash.as_ref() == Some(&hash)
            || self.ports.hasher.verify(password, user.password_hash.as_ref()).await?;
        if is_theirs { Ok(user) } else { Err(Error::InvalidGrant) }
    }
}
