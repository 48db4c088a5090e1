//! Changed and forgotten passwords.

use std::{sync::Arc, time::Duration};

use memo_domain::{Causes, PasswordHash};

use super::{
    Accounts, AuditEntry, AuditKind, Device, Email, Error, HashPurpose, MailMessage, Password, Ports, Principal,
    Secret, SessionId, TokenPurpose, Transaction, User, check_same_password, create_token, email::remove_unproved,
    may_send, present, token_user, too_common,
};
use crate::{jobs::mail, social::remove_identity};

/// How long a link sets a new password.
const TTL: Duration = Duration::from_hours(1);

impl Accounts {
    /// Sets a new password, and ends all other sessions. It can unlink all social accounts as well, which could sign in whatever
    /// the password is.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`], [`Error::Invalid`] if the new
    /// password is easily guessed, or [`Error::Overloaded`] if too many passwords wait to be hashed.
    pub async fn change_password(
        &self,
        caller: &Principal,
        current: Option<&str>,
        new: &Password,
        unlink_identities: bool,
        device: &Device,
    ) -> Result<(), Error> {
        let proved = self.reauthentication.prove(caller, current, device).await?;
        if self.is_easily_guessed(new, &proved.email, &proved.display_name) {
            return Err(too_common("new_password"));
        }
        let hash = self.ports.hasher.hash(new, device.lane(HashPurpose::SignIn)).await?;
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let changed = transactions.write(async |tx| {
            let user = present(tx.users().lookup(caller.user_id).await?)?;
            check_same_password(&proved, &user)?;
            if unlink_identities {
                self.unlink_all(tx, &user, device).await?;
            }
            self.set_password(tx, user, hash.clone(), caller.session_id()).await?;
            tx.record(AuditEntry::new(caller.user_id, AuditKind::PasswordChanged, device)).await
        });
        changed.await
    }

    /// Sends a link that sets a new password, if a user has this address and not enough links were sent. It runs in the
    /// background, so that the duration of the response does not reveal whether there is one.
    pub fn forgot_password(&self, email: Email, device: Device) {
        let ports = self.ports.clone();
        self.ports.background.run(Box::pin(async move {
            if let Err(error) = send_reset(&ports, email, device).await {
                tracing::warn!(error = %Causes(&error), "a link for a new password was not sent");
            }
        }));
    }

    /// Sets a new password by the token that was sent to the user's address, which verifies the address as well. Ends all
    /// sessions, and removes what came before the first proof of the account.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`], [`Error::Invalid`] if the password is easily guessed (the token stays valid), or
    /// [`Error::Overloaded`] if too many passwords wait to be hashed.
    pub async fn reset_password(
        &self,
        secret: &Secret,
        new: &Password,
        unlink_identities: bool,
        device: &Device,
    ) -> Result<(), Error> {
        // Checked before the token is used up, and before a slow hash.
        let (purpose, now) = (TokenPurpose::ResetPassword, self.ports.now());
        let transactions = &self.ports.transactions;
        let user = transactions.read(async |unit| token_user(unit, secret, purpose, now).await).await?;
        if self.is_easily_guessed(new, &user.email, &user.display_name) {
            return Err(too_common("password"));
        }
        let hash = self.ports.hasher.hash(new, device.lane(HashPurpose::SignIn)).await?;
        let reset = transactions.write(async |tx| {
            let mut user = self.redeem(tx, secret, purpose).await?;
            remove_unproved(tx, &user, None, device).await?;
            if unlink_identities {
                self.unlink_all(tx, &user, device).await?;
            }
            user.email_verified = true;
            let id = user.id;
            self.set_password(tx, user, hash.clone(), None).await?;
            tx.record(AuditEntry::new(id, AuditKind::PasswordReset, device)).await
        });
        reset.await
    }

    async fn unlink_all(&self, tx: &mut Transaction, user: &User, device: &Device) -> Result<(), Error> {
        for identity in tx.identities().list_by_user(user.id).await? {
            remove_identity(tx, &self.ports, user, &identity.provider, device).await?;
        }
        Ok(())
    }

    async fn set_password(
        &self,
        tx: &mut Transaction,
        mut user: User,
        hash: PasswordHash,
        except: Option<SessionId>,
    ) -> Result<(), Error> {
        let (from, now) = (user.version, tx.now());
        user.password_hash = Some(hash);
        user.touch(now);
        tx.users().update(&user, from).await?;
        let ended = tx.sessions().end_all(user.id, except, now).await?;
        tx.end_sessions(ended);
        tx.one_time_tokens().remove_all(user.id, TokenPurpose::ResetPassword).await?;
        tx.one_time_tokens().remove_all(user.id, TokenPurpose::SecondFactor).await?;
        mail::send(tx, &self.ports, &user, MailMessage::PasswordChanged).await
    }
}

async fn send_reset(ports: &Arc<Ports>, email: Email, device: Device) -> Result<(), Error> {
    // Read first, so that an attacker who tries addresses does not keep writers waiting.
    let found = ports
        .transactions
        .read_boxed(email.clone(), |unit, email| Box::pin(async move { Ok(unit.users().find_by_email(email).await?) }));
    let Some(found) = found.await?.filter(|user| user.disabled_at.is_none()) else { return Ok(()) };
    if !may_send(ports, &found, TokenPurpose::ResetPassword).await {
        return Ok(());
    }
    let transactions = ports.transactions.on_behalf_of(found.id);
    let sent = transactions.write_boxed((ports.clone(), found.id, email, device), |tx, input| {
        Box::pin(async move {
            let (ports, id, email, device) = input;
            let user = tx.users().lookup(*id).await?;
            let user = user.filter(|user| user.disabled_at.is_none() && user.email == *email);
            let Some(user) = user else { return Ok(()) };
            let token = create_token(tx, ports, &user, TokenPurpose::ResetPassword, TTL).await?;
            tx.record(AuditEntry::new(user.id, AuditKind::PasswordForgotten, device)).await?;
            mail::send(tx, ports, &user, MailMessage::ResetPassword { token }).await
        })
    });
    sent.await
}
