//! Verification of e-mail addresses.

use std::time::Duration;

use memo_domain::Identity;

use super::{
    Accounts, AuditEntry, AuditKind, Device, Error, MailMessage, Ports, Principal, Secret, SessionId, TokenPurpose,
    Transaction, User, UserId, create_token, may_send, present,
};
use crate::{api_keys::remove_all as remove_api_keys, jobs::mail, webhooks::remove_all as remove_webhooks};

/// How long a link verifies an address.
const TTL: Duration = Duration::from_hours(24);

impl Accounts {
    /// Verifies an address by the token that was sent to it. The first proof of an account removes what came before it, except
    /// the session of the caller.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`].
    pub async fn verify_email(
        &self,
        secret: &Secret,
        caller: Option<&Principal>,
        device: &Device,
    ) -> Result<(), Error> {
        let verified = self.ports.transactions.write(async |tx| {
            let mut user = self.redeem(tx, secret, TokenPurpose::VerifyEmail).await?;
            let own = caller.filter(|caller| caller.user_id == user.id);
            remove_unproved(tx, &user, own.and_then(Principal::session_id), device).await?;
            let from = user.version;
            user.email_verified = true;
            user.touch(tx.now());
            tx.users().update(&user, from).await?;
            tx.record(AuditEntry::new(user.id, AuditKind::EmailVerified, device)).await
        });
        verified.await
    }

    /// Sends the link again, unless the address is verified, or enough links were sent.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the account is gone.
    pub async fn resend_verification(&self, id: UserId) -> Result<(), Error> {
        let user = self.profile(id).await?;
        if user.email_verified || !may_send(&self.ports, &user, TokenPurpose::VerifyEmail).await {
            return Ok(());
        }
        let transactions = self.ports.transactions.on_behalf_of(id);
        let sent = transactions.write(async |tx| {
            let now = present(tx.users().lookup(id).await?)?;
            let is_same = !now.email_verified && now.email == user.email;
            if is_same { request_verification(tx, &self.ports, &now).await } else { Ok(()) }
        });
        sent.await
    }

    /// Completes a change of a user's address.
    pub(super) async fn email_changed(
        &self,
        tx: &mut Transaction,
        user: &User,
        before: &User,
        device: &Device,
    ) -> Result<(), Error> {
        // A link that went to the old address must not set a password any more.
        tx.one_time_tokens().remove_all(user.id, TokenPurpose::ResetPassword).await?;
        tx.record(AuditEntry::new(user.id, AuditKind::EmailChanged, device)).await?;
        let old = (before.email.clone(), before.email_verified);
        mail::send_to(tx, &self.ports, user, old, MailMessage::EmailChanged).await
    }
}

/// Sends a link that verifies the address of a user.
pub async fn request_verification(tx: &mut Transaction, ports: &Ports, user: &User) -> Result<(), Error> {
    let token = create_token(tx, ports, user, TokenPurpose::VerifyEmail, TTL).await?;
    mail::send(tx, ports, user, MailMessage::VerifyEmail { token }).await
}

/// Removes what another person may have added to an account that was never proved: social identities, the second factor, API
/// keys, webhooks, and sessions. A session that is kept has proved itself, and with it the identity that it began with.
pub async fn remove_unproved(
    tx: &mut Transaction,
    user: &User,
    kept: Option<SessionId>,
    device: &Device,
) -> Result<(), Error> {
    if user.was_proved() {
        return Ok(());
    }
    let session = match kept {
        Some(id) => tx.sessions().lookup(id).await?,
        None => None,
    };
    let provider = session.and_then(|session| session.provider);
    for Identity { provider: other, .. } in tx.identities().list_by_user(user.id).await? {
        if provider.as_ref() != Some(&other) {
            tx.identities().remove(user.id, &other).await?;
            tx.record(AuditEntry::new(user.id, AuditKind::IdentityUnlinked, device).with_detail(other)).await?;
        }
    }
    if tx.second_factors().remove(user.id).await? {
        tx.record(AuditEntry::new(user.id, AuditKind::MfaDisabled, device)).await?;
    }
    tx.one_time_tokens().remove_all(user.id, TokenPurpose::SecondFactor).await?;
    for id in remove_api_keys(tx, user.id).await? {
        tx.record(AuditEntry::new(user.id, AuditKind::ApiKeyRemoved, device).with_detail(id.to_string())).await?;
    }
    for id in remove_webhooks(tx, user.id).await? {
        tx.record(AuditEntry::new(user.id, AuditKind::WebhookRemoved, device).with_detail(id.to_string())).await?;
    }
    let now = tx.now();
    let ended = tx.sessions().end_all(user.id, kept, now).await?;
    tx.end_sessions(ended);
    Ok(())
}
