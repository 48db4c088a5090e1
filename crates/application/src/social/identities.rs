//! Users list, link and unlink social identities.

use memo_domain::{AuditKind, Conflict, Email, Identity, MailMessage, SocialUser, Timestamp, User, UserId};

use super::{CallbackOutcome, Social, SocialError};
use crate::{
    Device, Error, Ports, Resource, accounts::present, audit::AuditEntry, jobs::mail, transaction::Transaction,
};

impl Social {
    /// Returns the identities of a user.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn identities(&self, user: UserId) -> Result<Vec<Identity>, Error> {
        self.ports
            .transactions
            .on_behalf_of(user)
            .read(async |unit| Ok(unit.identities().list_by_user(user).await?))
            .await
    }

    /// Links a social account to a user, unless it is linked to them already.
    pub(super) async fn link(
        &self,
        provider: &str,
        owner: UserId,
        social: &SocialUser,
        device: &Device,
    ) -> Result<Result<CallbackOutcome, SocialError>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(owner);
        let linked = transactions.write(async |tx| {
            // If the identity is inserted elsewhere meanwhile, its owner is looked up again.
            tx.retry_on(Conflict::Id);
            let user = present(tx.users().lookup(owner).await?)?;
            // In this order: an identity that another tab links in between is then known to be the same.
            let own = tx.identities().list_by_user(owner).await?;
            if let Some(known) = tx.identities().find_by_subject(&social.issuer, &social.subject).await? {
                let is_linked = known.user_id == owner;
                return Ok(if is_linked { Ok(CallbackOutcome::Linked) } else { Err(SocialError::IdentityTaken) });
            }
            if own.iter().any(|identity| identity.provider == provider) {
                return Ok(Err(SocialError::AlreadyLinked));
            }
            let now = tx.now();
            tx.identities().insert(&identity(provider, owner, social, now)).await?;
            tx.record(AuditEntry::new(owner, AuditKind::IdentityLinked, device).with_detail(provider)).await?;
            let message = MailMessage::IdentityLinked { provider: provider.to_owned() };
            mail::send(tx, &self.ports, &user, message).await?;
            Ok(Ok(CallbackOutcome::Linked))
        });
        linked.await
    }

    /// Unlinks a social account from a user.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::LastWayToSignIn`] if they could not sign in any more.
    pub async fn unlink(&self, user: UserId, provider: &str, device: &Device) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let unlinked = transactions.write(async |tx| {
            let user = present(tx.users().lookup(user).await?)?;
            let all = tx.identities().list_by_user(user.id).await?;
            if all.iter().all(|identity| identity.provider != provider) {
                return Err(Error::NotFound(Resource::Identity));
            }
            if user.password_hash.is_none() && all.len() == 1 {
                return Err(Error::LastWayToSignIn);
            }
            remove_identity(tx, &self.ports, &user, provider, device).await
        });
        unlinked.await
    }
}

/// Unlinks a social account from a user, who is told by mail.
pub async fn remove_identity(
    tx: &mut Transaction,
    ports: &Ports,
    user: &User,
    provider: &str,
    device: &Device,
) -> Result<(), Error> {
    tx.identities().remove(user.id, provider).await?;
    tx.record(AuditEntry::new(user.id, AuditKind::IdentityUnlinked, device).with_detail(provider)).await?;
    let message = MailMessage::IdentityUnlinked { provider: provider.to_owned() };
    mail::send(tx, ports, user, message).await
}

/// The identity of a social account at its user.
pub(super) fn identity(provider: &str, user_id: UserId, social: &SocialUser, now: Timestamp) -> Identity {
    Identity {
        user_id,
        provider: provider.to_owned(),
        issuer: social.issuer.clone(),
        subject: social.subject.clone(),
        // Only shown to the user.
        email: social.email.clone().filter(|email| Email::new(email).is_ok()),
        created_at: now,
        // Kept when the flow ends.
        message_tokens: None,
    }
}
