//! Members leave.

use super::{Access, Accounts, AuditKind, Claimant, Device, Error, Happened, check_same_password, present, repeat};
use crate::administration::check_not_last;

impl Accounts {
    /// Removes an account and all that is its owner's, in one unit of work.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`], or
    /// [`Error::LastAdministrator`] where nobody would be left who administers.
    pub async fn withdraw(&self, claimant: Claimant, password: Option<&str>, device: &Device) -> Result<(), Error> {
        let proved = self.proofs.of_leaver(claimant, password, device).await?;
        let ended = repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let administrators = unit.users().lock_administrators().await?;
            // It stays so, so that no sign-in begins that is not among those that end.
            let mut user = present(unit.users().lookup(claimant.user_id).await?)?;
            proved.as_ref().map_or(Ok(()), |proved| check_same_password(proved, &user))?;
            let ended = unit.sessions().end_all(user.id, None, self.ports.now()).await?;
            let from = user.version;
            user.disabled_at = Some(self.ports.now());
            check_not_last(&administrators, &user)?;
            unit.users().remove(user.id, from).await?;
            unit.commit().await?;
            Ok(ended)
        })
        .await?;
        self.live.forget_all(&ended);
        Happened::to(claimant.user_id, AuditKind::Withdrawn, device).tell(&self.ports);
        Ok(())
    }
}
