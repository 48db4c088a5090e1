//! Members have accounts.

mod email;
mod leaving;
mod password;

use std::{sync::Arc, time::Duration};

use memo_domain::{
    Access, AuditKind, Conflict, DisplayName, Email, InvalidValue, Locale, OneTimeToken, Password, Secret, StoreError,
    TokenPurpose, UnitOfWork, User, UserId,
};

use crate::{
    Device, Error, Ports, UnauthenticatedReason,
    audit::Happened,
    live::LiveSessions,
    mails::{self, Letter},
    proof::{Claimant, Proofs, check_same_password},
    unit::repeat,
};

pub use email::ask_to_verify;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpPolicy {
    /// Everybody.
    Open,
    /// Nobody: an administrator makes the accounts.
    Closed,
}

/// What somebody signs up with.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// Their address.
    pub email: Email,
    /// Their password.
    pub password: Password,
    /// Their name.
    pub display_name: DisplayName,
    /// The language they are written to in.
    pub locale: Locale,
}

/// What changes in a profile; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The new name.
    pub display_name: Option<DisplayName>,
    /// The new language.
    pub locale: Option<Locale>,
    /// The new address.
    pub email: Option<Email>,
    /// What the new address needs.
    pub current_password: Option<String>,
}

/// Members have accounts.
pub struct Accounts {
    ports: Arc<Ports>,
    policy: SignUpPolicy,
    live: Arc<LiveSessions>,
    proofs: Arc<Proofs>,
}

impl Accounts {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, policy: SignUpPolicy, live: Arc<LiveSessions>, proofs: Arc<Proofs>) -> Self {
        Self { ports, policy, live, proofs }
    }

    /// Makes an account, and writes to its address to have it proved.
    ///
    /// # Errors
    /// [`Error::SignUpClosed`], [`Error::Invalid`] where the password is easily guessed, [`Error::EmailTaken`], or
    /// [`Error::Overloaded`] where too many passwords wait.
    pub async fn sign_up(&self, sign_up: SignUp, device: &Device) -> Result<User, Error> {
        if self.policy == SignUpPolicy::Closed {
            return Err(Error::SignUpClosed);
        }
        self.create(sign_up, false, device).await
    }

    /// Makes an account, whoever may sign up: for whoever runs the server.
    ///
    /// # Errors
    /// As [`sign_up`](Self::sign_up).
    pub async fn create_by_operator(&self, sign_up: SignUp, is_admin: bool) -> Result<User, Error> {
        self.create(sign_up, is_admin, &Device::default()).await
    }

    async fn create(&self, sign_up: SignUp, is_admin: bool, device: &Device) -> Result<User, Error> {
        let SignUp { email, password, display_name, locale } = sign_up;
        if self.is_easily_guessed(&password, &email, &display_name) {
            return Err(too_common("password"));
        }
        // Hashing is dear, so a taken address is refused before it. The insert decides all the same.
        if self.ports.store.begin(Access::Read).await?.users().find_by_email(&email).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let hash = self.ports.hasher.hash(&password).await?;
        let now = self.ports.now();
        let mut user = User::sign_up(UserId::new(self.ports.id(now)), email, display_name, hash, locale, now);
        if is_admin {
            user.role = memo_domain::Role::Admin;
        }
        let mut unit = self.ports.store.begin(Access::Write).await?;
        unit.users().insert(&user).await.map_err(taken)?;
        Happened::to(user.id, AuditKind::SignedUp, device).record(&mut *unit, &self.ports).await?;
        ask_to_verify(&mut *unit, &self.ports, &user).await?;
        self.ports.commit_mail(unit).await.map_err(taken)?;
        Ok(user)
    }

    /// Whether a new password is one of the first that somebody would guess who knows the member and this server.
    fn is_easily_guessed(&self, password: &Password, email: &Email, name: &DisplayName) -> bool {
        password.is_easily_guessed(email, name, host(&self.ports.public_url))
    }

    /// The account of a member.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where it is gone.
    pub async fn profile(&self, id: UserId) -> Result<User, Error> {
        let mut unit = self.ports.store.begin(Access::Read).await?;
        present(unit.users().lookup(id).await?)
    }

    /// Changes what a member shows of themselves, or their address, which needs a proof and has to be proved anew.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the account is gone; where the address changes also [`Error::PasswordWrong`],
    /// [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`] and [`Error::EmailTaken`].
    pub async fn change_profile(
        &self,
        claimant: Claimant,
        change: ProfileChange,
        device: &Device,
    ) -> Result<User, Error> {
        let proved = match change.email {
            Some(_) => Some(self.proofs.of_owner(claimant, change.current_password.as_deref(), device).await?),
            None => None,
        };
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let mut user = present(unit.users().lookup(claimant.user_id).await?)?;
            proved.as_ref().map_or(Ok(()), |proved| check_same_password(proved, &user))?;
            let from = user.version;
            if let Some(display_name) = &change.display_name {
                user.display_name = display_name.clone();
            }
            if let Some(locale) = change.locale {
                user.locale = locale;
            }
            let old = change.email.clone().map(|email| std::mem::replace(&mut user.email, email));
            // The same address in other letters is proved already.
            let moved_from = old.filter(|old| *old != user.email);
            user.email_verified &= moved_from.is_none();
            user.touch(self.ports.now());
            unit.users().update(&user, from).await.map_err(taken)?;
            if let Some(old) = moved_from {
                self.moved(&mut *unit, &user, &old, device).await?;
            }
            self.ports.commit_mail(unit).await.map_err(taken)?;
            Ok(user)
        })
        .await
    }

    /// Redeems a token: whose it is, where it is good and their address is still the one that it was sent to.
    ///
    /// The member before the token, in the order in which others lock both.
    async fn redeem(&self, unit: &mut dyn UnitOfWork, secret: &Secret, purpose: TokenPurpose) -> Result<User, Error> {
        let digest = secret.digest();
        let token = unit.one_time_tokens().lookup(&digest, purpose).await?;
        let token = token.filter(|token| self.ports.now() < token.expires_at).ok_or(Error::TokenInvalid)?;
        let user = unit.users().lookup(token.user_id).await?.filter(|user| user.disabled_at.is_none());
        let user = user.filter(|user| token.email_key.as_deref() == Some(user.email.key()));
        let claimed = unit.one_time_tokens().take(&digest, purpose).await?;
        user.filter(|_| claimed.is_some()).ok_or(Error::TokenInvalid)
    }
}

/// Makes a token for a member. Those that were made before for the same are worth nothing any more.
async fn one_time(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    user: &User,
    purpose: TokenPurpose,
    ttl: Duration,
) -> Result<Secret, Error> {
    let now = ports.now();
    let secret = ports.secrets.next();
    unit.one_time_tokens().remove_all(user.id, purpose).await?;
    let token = OneTimeToken {
        digest: secret.digest(),
        user_id: user.id,
        purpose,
        email_key: Some(user.email.key().to_owned()),
        scopes: None,
        tries: 0,
        created_at: now,
        expires_at: now + ttl,
    };
    unit.one_time_tokens().insert(&token).await?;
    Ok(secret)
}

/// Another member has the address.
pub fn taken(error: StoreError) -> Error {
    match error {
        StoreError::Conflict { what: Conflict::Email } => Error::EmailTaken,
        error => error.into(),
    }
}

/// A token of a member who is gone is worth nothing.
pub fn present(user: Option<User>) -> Result<User, Error> {
    user.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))
}

/// The name in an address such as `https://memo.example.com:8443`.
fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority.split_once(':').map_or(authority, |(name, _)| name)
}

const fn too_common(member: &'static str) -> Error {
    Error::Invalid { member, reason: InvalidValue::PasswordTooCommon }
}
