//! A signed-in user proves again who they are, before an operation that a stolen session must not allow.

use std::{sync::Arc, time::Duration};

use memo_domain::{AuditKind, Causes, HashPurpose, Password, Session, UnitOfWork, User, UserId};

use crate::{
    Device, Error, Ports, Principal, UnauthenticatedReason,
    attempts::{Attempt, AttemptLimiter, SlowAddresses},
    audit::AuditEntry,
};

/// How long a sign-in or a proof counts as recent.
const RECENT: Duration = Duration::from_mins(10);

/// Checks passwords of signed-in users, and limits the attempts at passwords and codes.
pub struct Reauthentication {
    ports: Arc<Ports>,
    attempts: AttemptLimiter,
    addresses: SlowAddresses,
}

impl Reauthentication {
    #[must_use]
    pub fn new(ports: Arc<Ports>) -> Self {
        let attempts = AttemptLimiter::new(ports.counters.clone());
        Self { ports, attempts, addresses: SlowAddresses::new() }
    }

    /// Checks the password; if the account has none, the session must have begun by a social sign-in within the last 10
    /// minutes. Returns the user as they are.
    pub(crate) async fn prove(
        &self,
        caller: &Principal,
        password: Option<&str>,
        device: &Device,
    ) -> Result<User, Error> {
        const ENDED: Error = Error::Unauthenticated(UnauthenticatedReason::SessionEnded);
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let found = transactions.read(async |unit| {
            let user = unit.users().lookup(caller.user_id).await?.ok_or(ENDED)?;
            if user.password_hash.is_some() {
                return Ok((user, None));
            }
            let session_id = caller.session_id().ok_or(Error::RecentSignInRequired)?;
            let session = unit.sessions().lookup(session_id).await?.ok_or(ENDED)?;
            Ok((user, Some(session)))
        });
        let (user, session) = found.await?;
        if let Some(session) = session {
            return if self.is_recent(&session) { Ok(user) } else { Err(Error::RecentSignInRequired) };
        }
        let attempt = self.count(user.email.key(), Some(user.id), device).await?;
        let verified = match password.map(Password::new) {
            Some(Ok(password)) => {
                let lane = device.lane(HashPurpose::SignIn);
                self.ports.hasher.verify(&password, user.password_hash.as_ref(), lane).await
            }
            _ => Ok(false),
        };
        if !matches!(verified, Ok(false)) {
            // It was right, or it was not checked.
            self.forgive(attempt).await;
        }
        if verified? {
            return Ok(user);
        }
        self.failed(user.email.key(), Some(&user), device);
        Err(Error::PasswordWrong)
    }

    /// Like [`prove`](Self::prove), but without a password a social sign-in within the last 10 minutes suffices even if the account
    /// has one. Returns the user if they proved it by the password, or `None`.
    pub(crate) async fn prove_for_withdrawal(
        &self,
        caller: &Principal,
        password: Option<&str>,
        device: &Device,
    ) -> Result<Option<User>, Error> {
        if let (None, Some(session_id)) = (password, caller.session_id()) {
            let session = async |unit: &mut dyn UnitOfWork| Ok(unit.sessions().lookup(session_id).await?);
            let session = self.ports.transactions.on_behalf_of(caller.user_id).read(session).await?;
            if session.is_some_and(|session| self.is_recent(&session)) {
                return Ok(None);
            }
        }
        self.prove(caller, password, device).await.map(Some)
    }

    /// Requires that the session of the caller began, or was proved again, within the last 10 minutes.
    pub(crate) async fn require_recent(&self, unit: &mut dyn UnitOfWork, caller: &Principal) -> Result<(), Error> {
        let session = match caller.session_id() {
            Some(id) => unit.sessions().lookup(id).await?,
            None => None,
        };
        let now = self.ports.now();
        let is_recent = |session: &Session| session.is_live(now) && now.since(session.last_proved_at()) <= RECENT;
        if session.as_ref().is_some_and(is_recent) { Ok(()) } else { Err(Error::ProofRequired) }
    }

    /// Whether a session began by a social sign-in within the last 10 minutes.
    fn is_recent(&self, session: &Session) -> bool {
        session.provider.is_some() && self.ports.now().since(session.created_at) <= RECENT
    }

    /// Counts an attempt at an account before it is checked, and delays it if many have failed from its address.
    pub(crate) async fn count(&self, account: &str, user: Option<UserId>, device: &Device) -> Result<Attempt, Error> {
        let attempt = self.attempts.count(account, user, device).await?;
        if let (Some(address), false) = (device.network(), attempt.is_recognized) {
            self.addresses.wait(address, self.ports.now(), &*self.ports.timer).await;
        }
        Ok(attempt)
    }

    /// Takes an attempt back: it was right, or it was not checked.
    pub(crate) async fn forgive(&self, attempt: Attempt) {
        self.attempts.forgive(attempt).await;
    }

    /// Remembers that an attempt was wrong, and by which user, if there is one.
    pub(crate) fn failed(&self, account: &str, user: Option<&User>, device: &Device) {
        if let Some(address) = device.network() {
            self.addresses.add(address, account, self.ports.now());
        }
        if let Some(user) = user {
            self.record_failure(user, device);
        }
    }

    /// Records a wrong attempt in the background, so that the duration of the response does not reveal whether the account
    /// exists.
    fn record_failure(&self, user: &User, device: &Device) {
        let (ports, device, user_id) = (self.ports.clone(), device.clone(), user.id);
        self.ports.background.run(Box::pin(async move {
            let transactions = ports.transactions.on_behalf_of(user_id);
            let recorded = transactions.write_boxed((user_id, device), |tx, (user_id, device)| {
                Box::pin(tx.record(AuditEntry::new(*user_id, AuditKind::SignInFailed, device)))
            });
            if let Err(error) = recorded.await {
                tracing::warn!(error = %Causes(&error), "a failed sign-in was not recorded");
            }
        }));
    }
}

/// A proof by password is void if the password has changed since.
pub fn check_same_password(proved: &User, now: &User) -> Result<(), Error> {
    if proved.password_hash == now.password_hash { Ok(()) } else { Err(Error::PasswordWrong) }
}
