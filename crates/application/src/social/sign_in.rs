//! Sign-in and sign-up by a social account.

use memo_domain::{
    AuditKind, Conflict, DisplayName, Email, Locale, Role, Secret, SocialRole, SocialUser, StoreError, TokenPurpose,
    UnitOfWork, User, UserId,
};

use super::{CallbackOutcome, Social, SocialError, identities::identity};
use crate::{
    Device, Error, SignUpPolicy, UserChange, accounts, administration::apply, audit::AuditEntry, sign_in::Proof,
};

impl Social {
    /// Signs in the user who has this social account, or creates one.
    pub(super) async fn sign_in_or_up(
        &self,
        provider: &str,
        social: &SocialUser,
        locale: Locale,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<Result<CallbackOutcome, SocialError>, Error> {
        let transactions = &self.ports.transactions;
        let user = match transactions.read(async |unit| owner_of(unit, social).await).await? {
            Some(user) => user,
            None => match self.sign_up(provider, social, locale, device).await? {
                Ok(user) => user,
                // The same account may have been created in another tab meanwhile; a writer waits for its commit.
                Err(error) => match transactions.write(async |tx| owner_of(&mut **tx, social).await).await? {
                    Some(user) => user,
                    None => return Ok(Err(error)),
                },
            },
        };
        if user.disabled_at.is_some() {
            return Ok(Err(SocialError::AccountDisabled));
        }
        let factor = transactions
            .on_behalf_of(user.id)
            .read(async |unit| Ok(unit.second_factors().lookup(user.id).await?))
            .await?;
        if factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
            return Ok(Err(SocialError::MfaRequired));
        }
        let user = match social.role {
            SocialRole::Mapped(role) if role != user.role => self.change_role(user, role, device).await?,
            _ => user,
        };
        match self.sign_in.grant_cookie(&user, Proof::Provider(provider), previous, device).await {
            // Meanwhile the account was disabled, its password changed, which ended all sessions, or this social account unlinked.
            Err(Error::InvalidGrant) => Ok(Err(SocialError::AccountDisabled)),
            grant => Ok(Ok(CallbackOutcome::SignedIn(grant?))),
        }
    }

    /// Refuses a user whom the provider does not let in, and records it if they have an account.
    pub(super) async fn refuse(
        &self,
        provider: &str,
        social: &SocialUser,
        device: &Device,
    ) -> Result<Result<CallbackOutcome, SocialError>, Error> {
        let refused = self.ports.transactions.write(async |tx| {
            if let Some(user) = owner_of(&mut **tx, social).await? {
                tx.record(AuditEntry::new(user.id, AuditKind::SignInFailed, device).with_detail(provider)).await?;
            }
            Ok(Err(SocialError::NotAllowed))
        });
        refused.await
    }

    /// Gives a user the role that the provider says. The last administrator stays one.
    async fn change_role(&self, user: User, role: Role, device: &Device) -> Result<User, Error> {
        let change = UserChange { role: Some(role), disabled: None };
        let changed = self.ports.transactions.write(async |tx| apply(tx, None, user.id, change, device).await);
        match changed.await {
            Err(Error::LastAdministrator) => {
                tracing::warn!(user_id = %user.id, "the last administrator keeps the role, although a provider says otherwise");
                Ok(user)
            }
            changed => changed,
        }
    }

    /// Creates an account. The account of another user with the same address is never joined, even if it is verified.
    async fn sign_up(
        &self,
        provider: &str,
        social: &SocialUser,
        locale: Locale,
        device: &Device,
    ) -> Result<Result<User, SocialError>, Error> {
        if self.policy == SignUpPolicy::Closed {
            return Ok(Err(SocialError::SignUpClosed));
        }
        let Some(email) = social.email.as_ref().and_then(|email| Email::new(email).ok()) else {
            return Ok(Err(SocialError::EmailMissing));
        };
        let now = self.ports.now();
        let local = email.as_str().split('@').next().unwrap_or_default();
        let name = social.name.as_deref().into_iter().chain([local, "Member"]).find_map(|name| {
            DisplayName::new(name.chars().filter(|char| !char.is_control()).take(100).collect::<String>()).ok()
        });
        let Some(name) = name else { return Ok(Err(SocialError::ServerError)) };
        let id = UserId::new(self.ports.id(now));
        let mut user = User::without_password(id, email, name, locale, now);
        user.email_verified = social.email_verified;
        let taken = async |unit: &mut dyn UnitOfWork| Ok(unit.users().find_by_email(&user.email).await?.is_some());
        // The owner of a taken address gets no mail, and none is counted.
        if self.ports.transactions.read(taken).await? {
            return Ok(Err(SocialError::EmailTaken));
        }
        let may_verify =
            !user.email_verified && accounts::may_send(&self.ports, &user, TokenPurpose::VerifyEmail).await;
        let transactions = self.ports.transactions.on_behalf_of(user.id);
        let created = transactions.write(async |tx| {
            tx.users().insert(&user).await?;
            tx.identities().insert(&identity(provider, user.id, social, now)).await?;
            tx.record(AuditEntry::new(user.id, AuditKind::SignedUp, device).with_detail(provider)).await?;
            if may_verify {
                accounts::request_verification(tx, &self.ports, &user).await?;
            }
            Ok(())
        });
        match created.await {
            Ok(()) => Ok(Ok(user)),
            Err(Error::Store(StoreError::Conflict { what: Conflict::Email })) => Ok(Err(SocialError::EmailTaken)),
            Err(Error::Store(StoreError::Conflict { what: Conflict::Id })) => Ok(Err(SocialError::IdentityTaken)),
            Err(error) => Err(error),
        }
    }
}

/// Looks up the user who has this social account.
async fn owner_of(unit: &mut dyn UnitOfWork, social: &SocialUser) -> Result<Option<User>, Error> {
    match unit.identities().find_by_subject(&social.issuer, &social.subject).await? {
        Some(identity) => Ok(unit.users().lookup(identity.user_id).await?),
        None => Ok(None),
    }
}
