//! Passwords are changed, and forgotten.

use std::{sync::Arc, time::Duration};

use memo_domain::{PasswordHash, SessionId};

use super::{
    Access, Accounts, AuditKind, Claimant, Device, Email, Error, Happened, Letter, Password, Secret, TokenPurpose,
    UnitOfWork, User, check_same_password, mails, one_time, present, repeat, too_common,
};

/// How long a link sets a new password.
const TTL: Duration = Duration::from_hours(1);

impl Accounts {
    /// Sets a new password, and ends all other sign-ins.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`], [`Error::Invalid`] where the
    /// new one is easily guessed, or [`Error::Overloaded`] where too many passwords wait.
    pub async fn change_password(
        &self,
        claimant: Claimant,
        current: Option<&str>,
        new: &Password,
        device: &Device,
    ) -> Result<(), Error> {
        let proved = self.proofs.of_owner(claimant, current, device).await?;
        if self.is_easily_guessed(new, &proved.email, &proved.display_name) {
            return Err(too_common("new_password"));
        }
        let hash = self.ports.hasher.hash(new).await?;
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let user = present(unit.users().lookup(claimant.user_id).await?)?;
            check_same_password(&proved, &user)?;
            let except = claimant.session_id;
            self.set(unit, user, hash.clone(), except, AuditKind::PasswordChanged, device).await
        })
        .await
    }

    /// Sends a link that sets a new password to this address, where it is a member's. Beside the answer, whose time shall
    /// not tell whether it is.
    pub fn forgot_password(self: &Arc<Self>, email: Email, device: Device) {
        let accounts = self.clone();
        self.ports.background.run(Box::pin(async move {
            if let Err(error) = accounts.send_reset(&email, &device).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a link for a new password was not made");
            }
        }));
    }

    async fn send_reset(&self, email: &Email, device: &Device) -> Result<(), Error> {
        // Whoever tries addresses shall not keep writers waiting.
        let found = self.ports.store.begin(Access::Read).await?.users().find_by_email(email).await?;
        let Some(found) = found else { return Ok(()) };
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let user = unit.users().lookup(found.id).await?;
        let Some(user) = user.filter(|user| user.disabled_at.is_none() && user.email == *email) else { return Ok(()) };
        let secret = one_time(&mut *unit, &self.ports, &user, TokenPurpose::ResetPassword, TTL).await?;
        Happened::to(user.id, AuditKind::PasswordForgotten, device).record(&mut *unit, &self.ports).await?;
        mails::enqueue(&mut *unit, &self.ports, &user, Letter::Reset(&secret)).await?;
        Ok(self.ports.commit_mail(unit).await?)
    }

    /// Sets a new password by the token that was sent to the member's address, which it proves as well. Ends all sign-ins.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::Invalid`] where the password is easily guessed: the token is then good for another
    /// try, or [`Error::Overloaded`] where too many passwords wait.
    pub async fn reset_password(&self, secret: &Secret, new: &Password, device: &Device) -> Result<(), Error> {
        // Before the token is used up, and before the time is spent on a hash.
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let user = self.redeem(&mut *unit, secret, TokenPurpose::ResetPassword).await?;
        drop(unit);
        if self.is_easily_guessed(new, &user.email, &user.display_name) {
            return Err(too_common("password"));
        }
        let hash = self.ports.hasher.hash(new).await?;
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let mut user = self.redeem(&mut *unit, secret, TokenPurpose::ResetPassword).await?;
            if !user.email_verified {
                // Whoever made the account, perhaps with another's address, has never proved it: nothing of theirs leads in.
                for identity in unit.identities().list_by_user(user.id).await? {
                    unit.identities().remove(user.id, &identity.provider).await?;
                }
            }
            user.email_verified = true;
            self.set(unit, user, hash.clone(), None, AuditKind::PasswordReset, device).await
        })
        .await
    }

    async fn set(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        mut user: User,
        hash: PasswordHash,
        except: Option<SessionId>,
        kind: AuditKind,
        device: &Device,
    ) -> Result<(), Error> {
        let (from, now) = (user.version, self.ports.now());
        user.password_hash = Some(hash);
        user.touch(now);
        unit.users().update(&user, from).await?;
        let ended = unit.sessions().end_all(user.id, except, now).await?;
        unit.one_time_tokens().remove_all(user.id, TokenPurpose::ResetPassword).await?;
        unit.one_time_tokens().remove_all(user.id, TokenPurpose::SecondFactor).await?;
        Happened::to(user.id, kind, device).record(&mut *unit, &self.ports).await?;
        mails::enqueue(&mut *unit, &self.ports, &user, Letter::PasswordChanged).await?;
        self.ports.commit_mail(unit).await?;
        self.live.forget_all(&ended);
        Ok(())
    }
}
