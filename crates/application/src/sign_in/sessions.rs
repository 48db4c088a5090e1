//! Users list and end their sessions.

use memo_domain::{AuditKind, Session, SessionId, UserId};

use super::{Device, SignIn, end};
use crate::{Error, Principal, Resource, audit::AuditEntry};

impl SignIn {
    /// Returns the live sessions of a user, the newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, Error> {
        Ok(self.ports.browser_sessions.list_live(user, self.ports.now()).await?)
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// [`Error::NotFound`] if they have no such live session.
    pub async fn end_session(&self, user: UserId, id: SessionId, device: &Device) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let ended = transactions.write(async |tx| {
            let now = tx.now();
            match tx.sessions().lookup(id).await? {
                Some(session) if session.user_id == user && session.is_live(now) => {
                    end(tx, session, AuditKind::SignedOut, device).await
                }
                _ => Err(Error::NotFound(Resource::Session)),
            }
        });
        ended.await
    }

    /// Ends all sessions of a user, or all but the current one.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn end_all(&self, caller: &Principal, except_current: bool, device: &Device) -> Result<(), Error> {
        let except = caller.session_id().filter(|_| except_current);
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let ended = transactions.write(async |tx| {
            let now = tx.now();
            let ended = tx.sessions().end_all(caller.user_id, except, now).await?;
            if !ended.is_empty() {
                let entry = AuditEntry::new(caller.user_id, AuditKind::SignedOut, device);
                tx.record(entry.with_detail(format!("{} sessions", ended.len()))).await?;
            }
            tx.end_sessions(ended);
            Ok(())
        });
        ended.await
    }

    /// Ends a session, unless it has ended.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sign_out(&self, id: SessionId, device: &Device) -> Result<(), Error> {
        let ended = self.ports.transactions.write(async |tx| match tx.sessions().lookup(id).await? {
            Some(session) if session.ended_at.is_none() => end(tx, session, AuditKind::SignedOut, device).await,
            _ => Ok(()),
        });
        ended.await
    }
}
