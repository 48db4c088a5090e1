use std::sync::Arc;

use memo_domain::{
    Access, Clock, Conflict, DisplayName, Email, IdGenerator, InvalidValue, Locale, Password, PasswordHasher, Store,
    StoreError, User, UserId,
};

use crate::{Error, UnauthenticatedReason, unit::repeat};

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
}

/// Members have accounts.
pub struct Accounts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    hasher: Arc<dyn PasswordHasher>,
    policy: SignUpPolicy,
}

impl Accounts {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        hasher: Arc<dyn PasswordHasher>,
        policy: SignUpPolicy,
    ) -> Self {
        Self { store, clock, ids, hasher, policy }
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::SignUpClosed`], [`Error::Invalid`] where the password is easily guessed, [`Error::EmailTaken`], or [`Error::Overloaded`] where too many passwords wait.
    pub async fn sign_up(&self, sign_up: SignUp) -> Result<User, Error> {
        if self.policy == SignUpPolicy::Closed {
            return Err(Error::SignUpClosed);
        }
        let SignUp { email, password, display_name, locale } = sign_up;
        if password.is_easily_guessed(&email) {
            return Err(Error::Invalid { member: "password", reason: InvalidValue::PasswordTooCommon });
        }
        // Hashing is dear, so a taken address is refused before it. The insert decides all the same.
        if self.store.begin(Access::Read).await?.users().find_by_email(&email).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let hash = self.hasher.hash(&password).await?;
        let now = self.clock.now();
        let user = User::sign_up(UserId::new(self.ids.next(now)), email, display_name, hash, locale, now);
        let mut unit = self.store.begin(Access::Write).await?;
        unit.users().insert(&user).await.map_err(|error| match error {
            StoreError::Conflict { what: Conflict::Email } => Error::EmailTaken,
            error => error.into(),
        })?;
        unit.commit().await?;
        Ok(user)
    }

    /// The account of a member.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where it is gone.
    pub async fn profile(&self, id: UserId) -> Result<User, Error> {
        let mut unit = self.store.begin(Access::Read).await?;
        present(unit.users().lookup(id).await?)
    }

    /// Changes what a member shows of themselves.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the account is gone.
    pub async fn change_profile(&self, id: UserId, change: ProfileChange) -> Result<User, Error> {
        repeat(async || {
            let mut unit = self.store.begin(Access::Write).await?;
            let mut user = present(unit.users().lookup(id).await?)?;
            let from = user.version;
            if let Some(display_name) = &change.display_name {
                user.display_name = display_name.clone();
            }
            if let Some(locale) = change.locale {
                user.locale = locale;
            }
            user.touch(self.clock.now());
            unit.users().update(&user, from).await?;
            unit.commit().await?;
            Ok(user)
        })
        .await
    }
}

/// A token of a member who is gone is worth nothing.
fn present(user: Option<User>) -> Result<User, Error> {
    user.ok_or(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))
}
