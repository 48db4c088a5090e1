//! Addresses are proved.

use std::time::Duration;

use super::{
    Access, Accounts, AuditKind, Device, Email, Error, Happened, Letter, Ports, Secret, TokenPurpose, UnitOfWork, User,
    UserId, mails, one_time, present, repeat,
};

/// How long a link proves an address.
const TTL: Duration = Duration::from_hours(24);

impl Accounts {
    /// Proves an address by the token that was sent to it.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`].
    pub async fn verify_email(&self, secret: &Secret, device: &Device) -> Result<(), Error> {
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let mut user = self.redeem(&mut *unit, secret, TokenPurpose::VerifyEmail).await?;
            let from = user.version;
            user.email_verified = true;
            user.touch(self.ports.now());
            unit.users().update(&user, from).await?;
            Happened::to(user.id, AuditKind::EmailVerified, device).record(&mut *unit, &self.ports).await?;
            Ok(unit.commit().await?)
        })
        .await
    }

    /// Sends the link once more, where the address is not proved yet.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the account is gone.
    pub async fn resend_verification(&self, id: UserId) -> Result<(), Error> {
        let mut unit = self.ports.store.begin(Access::Write).await?;
        let user = present(unit.users().lookup(id).await?)?;
        if !user.email_verified {
            ask_to_verify(&mut *unit, &self.ports, &user).await?;
        }
        Ok(self.ports.commit_mail(unit).await?)
    }

    /// What else happens when a member has another address.
    pub(super) async fn moved(
        &self,
        unit: &mut dyn UnitOfWork,
        user: &User,
        old: &Email,
        device: &Device,
    ) -> Result<(), Error> {
        // A link that went to the old address sets no password any more.
        unit.one_time_tokens().remove_all(user.id, TokenPurpose::ResetPassword).await?;
        Happened::to(user.id, AuditKind::EmailChanged, device).record(&mut *unit, &self.ports).await?;
        mails::enqueue_to(unit, &self.ports, user, old, Letter::EmailChanged).await?;
        ask_to_verify(unit, &self.ports, user).await
    }
}

/// Writes to the address of a member to have it proved.
pub async fn ask_to_verify(unit: &mut dyn UnitOfWork, ports: &Ports, user: &User) -> Result<(), Error> {
    let secret = one_time(unit, ports, user, TokenPurpose::VerifyEmail, TTL).await?;
    mails::enqueue(unit, ports, user, Letter::Verify(&secret)).await
}
