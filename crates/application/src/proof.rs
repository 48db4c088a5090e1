//! A member proves once more that it is them, before something that a stolen sign-in must not do.

use std::{sync::Arc, time::Duration};

use memo_domain::{Access, AuditKind, Password, SessionId, User, UserId};

use crate::{Device, Error, Ports, UnauthenticatedReason, audit::Happened, guesses::Guesses};

/// How long a sign-in by a social provider is as good as a password.
const RECENT: Duration = Duration::from_mins(10);

/// Takes proofs.
pub struct Proofs {
    ports: Arc<Ports>,
    guesses: Guesses,
}

/// Who proves that it is them.
#[derive(Debug, Clone, Copy)]
pub struct Claimant {
    /// The member.
    pub user_id: UserId,
    /// Their sign-in.
    pub session_id: SessionId,
}

impl Proofs {
    #[must_use]
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, guesses: Guesses::new() }
    }

    /// Takes the password, or where there is none a social sign-in of the last 10 minutes. The member as they are.
    pub(crate) async fn of_owner(
        &self,
        claimant: Claimant,
        password: Option<&str>,
        device: &Device,
    ) -> Result<User, Error> {
        let ended = Error::Unauthenticated(UnauthenticatedReason::SessionEnded);
        let mut unit = self.ports.store.begin(Access::Read).await?;
        let Some(user) = unit.users().lookup(claimant.user_id).await? else { return Err(ended) };
        if user.password_hash.is_none() {
            let session = unit.sessions().lookup(claimant.session_id).await?.ok_or(ended)?;
            let is_recent = session.provider.is_some() && self.ports.now().since(session.created_at) <= RECENT;
            return if is_recent { Ok(user) } else { Err(Error::RecentSignInRequired) };
        }
        drop(unit);
        self.count(user.email.key())?;
        let verified = match password.map(Password::new) {
            Some(Ok(password)) => self.ports.hasher.verify(&password, user.password_hash.as_ref()).await,
            _ => Ok(false),
        };
        if !matches!(verified, Ok(false)) {
            // It was right, or it was not looked at.
            self.forgive(user.email.key());
        }
        if verified? {
            return Ok(user);
        }
        self.failed(&user, device);
        Err(Error::PasswordWrong)
    }

    /// Counts a guess at an account, right or wrong.
    pub(crate) fn count(&self, account: &str) -> Result<(), Error> {
        self.guesses.count(account, self.ports.now())
    }

    /// The guess that was counted last was right.
    pub(crate) fn forgive(&self, account: &str) {
        self.guesses.forgive(account);
    }

    /// Writes down a wrong guess, beside the answer: its time shall not tell that there is such an account.
    pub(crate) fn failed(&self, user: &User, device: &Device) {
        let (ports, device, user_id) = (self.ports.clone(), device.clone(), user.id);
        self.ports.background.run(Box::pin(async move {
            let happened = Happened::to(user_id, AuditKind::SignInFailed, &device);
            let written = async {
                let mut unit = ports.store.begin(Access::Write).await?;
                happened.record(&mut *unit, &ports).await?;
                unit.commit().await
            };
            if let Err(error) = written.await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a failed sign-in was not written down");
            }
        }));
    }
}
