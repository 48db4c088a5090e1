//! Accounts of users: sign-up, profile, address, password, withdrawal.

mod email;
mod links;
mod password;
mod withdrawal;

use std::{sync::Arc, time::Duration};

use memo_domain::{
    AuditKind, Conflict, DisplayName, Email, HashPurpose, InvalidValue, Locale, MailMessage, OneTimeToken, Page,
    PageRequest, Password, Role, Secret, SessionId, StoreError, TimeZone, Timestamp, TokenPurpose, UnitOfWork, User,
    UserFilter, UserId,
};

use crate::{
    Device, Error, Ports, Principal, Resource, UnauthenticatedReason,
    audit::AuditEntry,
    reauthentication::{Reauthentication, check_same_password},
    transaction::Transaction,
};

pub use email::request_verification;
pub use links::may_send;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpPolicy {
    /// Everyone.
    Open,
    /// No one: an operator creates the accounts.
    Closed,
}

/// The settings of [`Accounts`].
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Who may sign up.
    pub sign_up: SignUpPolicy,
    /// The host name of this server, which no password may consist of.
    pub host: String,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The e-mail address.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// The display name.
    pub display_name: DisplayName,
    /// The language of mails to the user.
    pub locale: Locale,
}

/// A change of some fields of a profile; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The new display name.
    pub display_name: Option<DisplayName>,
    /// The new language.
    pub locale: Option<Locale>,
    /// The new time zone.
    pub time_zone: Option<TimeZone>,
    /// The new address.
    pub email: Option<Email>,
    /// The current password, which a new address needs.
    pub current_password: Option<String>,
}

/// The accounts of users.
pub struct Accounts {
    ports: Arc<Ports>,
    settings: AccountSettings,
    reauthentication: Arc<Reauthentication>,
}

impl Accounts {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, settings: AccountSettings, reauthentication: Arc<Reauthentication>) -> Self {
        Self { ports, settings, reauthentication }
    }

    /// Creates an account, and sends a link to verify its address.
    ///
    /// # Errors
    /// [`Error::SignUpClosed`], [`Error::Invalid`] if the password is easily guessed, [`Error::EmailTaken`], or
    /// [`Error::Overloaded`] if too many passwords wait to be hashed.
    pub async fn sign_up(&self, sign_up: SignUp, device: &Device) -> Result<User, Error> {
        if self.settings.sign_up == SignUpPolicy::Closed {
            return Err(Error::SignUpClosed);
        }
        self.create(sign_up, Role::Member, device).await
    }

    /// Creates an account for the operator of the server, whatever the sign-up policy is.
    ///
    /// # Errors
    /// Like [`sign_up`](Self::sign_up).
    pub async fn create_by_operator(&self, sign_up: SignUp, role: Role) -> Result<User, Error> {
        self.create(sign_up, role, &Device::default()).await
    }

    async fn create(&self, sign_up: SignUp, role: Role, device: &Device) -> Result<User, Error> {
        let SignUp { email, password, display_name, locale } = sign_up;
        if self.is_easily_guessed(&password, &email, &display_name) {
            return Err(too_common("password"));
        }
        // Hashing is slow, so a taken address is refused before it.
        self.check_free(&email).await?;
        let hash = self.ports.hasher.hash(&password, device.lane(HashPurpose::SignUp)).await?;
        let now = self.ports.now();
        let mut user = User::sign_up(UserId::new(self.ports.id(now)), email, display_name, hash, locale, now);
        user.role = role;
        let may_verify = may_send(&self.ports, &user, TokenPurpose::VerifyEmail).await;
        let created = self.ports.transactions.write(async |tx| {
            tx.users().insert(&user).await?;
            tx.record(AuditEntry::new(user.id, AuditKind::SignedUp, device)).await?;
            if may_verify { request_verification(tx, &self.ports, &user).await } else { Ok(()) }
        });
        created.await.map_err(email_taken)?;
        Ok(user)
    }

    /// Checks that no user has an address. The write decides all the same.
    async fn check_free(&self, email: &Email) -> Result<(), Error> {
        let owner = async |unit: &mut dyn UnitOfWork| Ok(unit.users().find_by_email(email).await?);
        let owner = self.ports.transactions.read(owner).await?;
        owner.map_or(Ok(()), |_| Err(Error::EmailTaken))
    }

    /// Returns whether a password is one of the first guesses of an attacker who knows the user and this server.
    fn is_easily_guessed(&self, password: &Password, email: &Email, name: &DisplayName) -> bool {
        password.is_easily_guessed(email, name, &self.settings.host)
    }

    /// Returns the account of a user.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if it is gone.
    pub async fn profile(&self, id: UserId) -> Result<User, Error> {
        self.ports.transactions.on_behalf_of(id).read(async |unit| present(unit.users().lookup(id).await?)).await
    }

    /// Changes the profile of a user. A new address needs the current password, and has to be verified again.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the account is gone; for a new address also [`Error::PasswordWrong`],
    /// [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`] and [`Error::EmailTaken`].
    pub async fn change_profile(
        &self,
        caller: &Principal,
        change: ProfileChange,
        device: &Device,
    ) -> Result<User, Error> {
        let proved = match change.email {
            Some(_) => Some(self.reauthentication.prove(caller, change.current_password.as_deref(), device).await?),
            None => None,
        };
        let moved = proved.as_ref().zip(change.email.as_ref()).filter(|(user, email)| user.email != **email);
        let may_verify = match moved {
            Some((user, email)) => {
                // The owner of a taken address gets no mail, and none is counted.
                self.check_free(email).await?;
                let user = User { email: email.clone(), version: user.version.next(), ..user.clone() };
                may_send(&self.ports, &user, TokenPurpose::VerifyEmail).await
            }
            None => false,
        };
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let changed = transactions.write(async |tx| {
            let mut user = present(tx.users().lookup(caller.user_id).await?)?;
            proved.as_ref().map_or(Ok(()), |proved| check_same_password(proved, &user))?;
            let (from, before) = (user.version, user.clone());
            if let Some(display_name) = &change.display_name {
                user.display_name = display_name.clone();
            }
            if let Some(locale) = change.locale {
                user.locale = locale;
            }
            if let Some(time_zone) = change.time_zone {
                user.time_zone = time_zone;
            }
            if let Some(email) = &change.email {
                user.email = email.clone();
            }
            // The same address in another spelling is verified already.
            let is_moved = user.email != before.email;
            if is_moved {
                user.earlier_email_verified |= user.email_verified;
                user.email_verified = false;
            }
            if user == before && user.email.as_str() == before.email.as_str() {
                return Ok(user);
            }
            user.touch(tx.now());
            tx.users().update(&user, from).await?;
            if is_moved {
                self.email_changed(tx, &user, &before, device).await?;
                if may_verify {
                    request_verification(tx, &self.ports, &user).await?;
                }
            }
            Ok(user)
        });
        changed.await.map_err(email_taken)
    }

    /// Returns the user with this address, for the operator of the server.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn find_by_operator(&self, email: &Email) -> Result<User, Error> {
        let found = self.ports.transactions.read(async |unit| Ok(unit.users().find_by_email(email).await?)).await?;
        found.ok_or(Error::NotFound(Resource::User))
    }

    /// Returns a page of all users, the oldest first, for the operator of the server.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_by_operator(&self, page: &PageRequest<UserId>) -> Result<Page<User, UserId>, Error> {
        let all = UserFilter::default();
        self.ports.transactions.read(async |unit| Ok(unit.users().list(&all, page).await?)).await
    }

    /// Redeems a token, and returns its user. It locks the user before the token, in the same order as other use cases.
    async fn redeem(&self, tx: &mut Transaction, secret: &Secret, purpose: TokenPurpose) -> Result<User, Error> {
        let user = token_user(&mut **tx, secret, purpose, self.ports.now()).await?;
        let taken = tx.one_time_tokens().take(&secret.digest(), purpose).await?;
        taken.map(|_| user).ok_or(Error::TokenInvalid)
    }
}

/// Returns the user of a valid token, if they are enabled and still have the address that it was sent to.
async fn token_user(
    unit: &mut dyn UnitOfWork,
    secret: &Secret,
    purpose: TokenPurpose,
    now: Timestamp,
) -> Result<User, Error> {
    let token = unit.one_time_tokens().lookup(&secret.digest(), purpose).await?;
    let token = token.filter(|token| now < token.expires_at).ok_or(Error::TokenInvalid)?;
    let user = unit.users().lookup(token.user_id).await?.filter(|user| user.disabled_at.is_none());
    user.filter(|user| token.email_key.as_deref() == Some(user.email.key())).ok_or(Error::TokenInvalid)
}

/// Creates a token that is sent to a user. Earlier tokens for the same purpose become invalid.
async fn create_token(
    tx: &mut Transaction,
    ports: &Ports,
    user: &User,
    purpose: TokenPurpose,
    ttl: Duration,
) -> Result<Secret, Error> {
    let now = tx.now();
    let secret = ports.secrets.next();
    tx.one_time_tokens().remove_all(user.id, purpose).await?;
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
    tx.one_time_tokens().insert(&token).await?;
    Ok(secret)
}

/// A conflict of addresses means that another user has it.
fn email_taken(error: Error) -> Error {
    match error {
        Error::Store(StoreError::Conflict { what: Conflict::Email }) => Error::EmailTaken,
        error => error,
    }
}

/// Returns the user of a request that is authenticated, unless they were removed since.
pub fn present(user: Option<User>) -> Result<User, Error> {
    user.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))
}

const fn too_common(field: &'static str) -> Error {
    Error::Invalid { field, reason: InvalidValue::PasswordTooCommon }
}
