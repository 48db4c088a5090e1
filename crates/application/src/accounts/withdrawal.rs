//! Users remove their account.

use super::{Accounts, AuditEntry, AuditKind, Device, Error, Principal, check_same_password, present};
use crate::roles::check_not_last;

impl Accounts {
    /// Removes an account with all its data.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`], or
    /// [`Error::LastAdministrator`] if no administrator would remain.
    pub async fn withdraw(&self, caller: &Principal, password: Option<&str>, device: &Device) -> Result<(), Error> {
        let proved = self.reauthentication.prove_for_withdrawal(caller, password, device).await?;
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let withdrawn = transactions.write(async |tx| {
            let administrators = tx.users().lock_administrators().await?;
            // The lookup locks the user, so that no session begins that is not among those that end.
            let mut user = present(tx.users().lookup(caller.user_id).await?)?;
            proved.as_ref().map_or(Ok(()), |proved| check_same_password(proved, &user))?;
            let now = tx.now();
            let ended = tx.sessions().end_all(user.id, None, now).await?;
            let from = user.version;
            user.disabled_at = Some(now);
            check_not_last(&administrators, &user)?;
            tx.users().remove(user.id, from).await?;
            tx.end_sessions(ended);
            tx.log(AuditEntry::new(caller.user_id, AuditKind::Withdrawn, device));
            Ok(())
        });
        withdrawn.await
    }
}
