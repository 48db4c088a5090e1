//! Members see where they are signed in, and sign out.

use memo_domain::{Access, AuditKind, Session, SessionId, UserId};

use super::{Device, SignIn};
use crate::{Error, Principal, Resource, audit::Happened, unit::repeat};

impl SignIn {
    /// A member's sign-ins that live, the newest first.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, Error> {
        Ok(self.ports.browser_sessions.list_live(user, self.ports.now()).await?)
    }

    /// Ends one of a member's sign-ins.
    ///
    /// # Errors
    /// [`Error::NotFound`] where they have no such sign-in that lives.
    pub async fn end_session(&self, user: UserId, id: SessionId, device: &Device) -> Result<(), Error> {
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let now = self.ports.now();
            match unit.sessions().lookup(id).await? {
                Some(session) if session.user_id == user && session.is_live(now) => {
                    self.end(unit, session, AuditKind::SignedOut, device).await
                }
                _ => Err(Error::NotFound(Resource::Session)),
            }
        })
        .await
    }

    /// Ends all of a member's sign-ins, or all but the one that calls.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn end_all(&self, caller: &Principal, except_current: bool, device: &Device) -> Result<(), Error> {
        let except = caller.session_id().filter(|_| except_current);
        let ended = repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let ended = unit.sessions().end_all(caller.user_id, except, self.ports.now()).await?;
            if !ended.is_empty() {
                let happened = Happened::to(caller.user_id, AuditKind::SignedOut, device);
                happened.with(format!("{} sign-ins", ended.len())).record(&mut *unit, &self.ports).await?;
            }
            unit.commit().await?;
            Ok(ended)
        })
        .await?;
        self.live.forget_all(&ended);
        Ok(())
    }

    /// Ends a sign-in, where it lives.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn sign_out(&self, id: SessionId, device: &Device) -> Result<(), Error> {
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            match unit.sessions().lookup(id).await? {
                Some(session) if session.ended_at.is_none() => {
                    self.end(unit, session, AuditKind::SignedOut, device).await
                }
                // As good as done only when whoever ended it has committed.
                _ => Ok(unit.commit().await?),
            }
        })
        .await
    }
}
