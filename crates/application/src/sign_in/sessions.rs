//! Users list and end their sessions.

use std::net::IpAddr;

use memo_domain::{ApiKey, AuditKind, Session, SessionId, UserId};

use super::{Device, SignIn, end, ended};
use crate::{
    Credential, Error, Principal, Resource, accounts::present, audit::AuditEntry, reauthentication::check_same_password,
};

impl SignIn {
    /// Returns the live sessions of a user, the newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, Error> {
        Ok(self.ports.browser_sessions.list_live(user, self.ports.now()).await?)
    }

    /// Returns whether the session of a caller has not ended, or the API key may still be used as it is from the address of the client.
    /// The store decides, not what this node remembers: an end on another node is seen at once.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn is_current(&self, caller: &Principal, client: Option<IpAddr>) -> Result<bool, Error> {
        let now = self.ports.now();
        match caller.credential {
            Credential::AccessToken { session_id } => {
                let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
                let session = transactions.read(async |unit| Ok(unit.sessions().lookup(session_id).await?)).await?;
                Ok(session.is_some_and(|session| session.user_id == caller.user_id && session.is_live(now)))
            }
            // Only these know when the cookie was used last.
            Credential::Cookie { session_id } => {
                let live = self.ports.browser_sessions.list_live(caller.user_id, now).await?;
                Ok(live.iter().any(|session| session.id == session_id))
            }
            Credential::ApiKey { key_id } => {
                let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
                let found = transactions.read(async |unit| {
                    let user = unit.users().lookup(caller.user_id).await?;
                    let key = unit.api_keys().lookup(key_id).await?;
                    Ok(key.filter(|_| user.is_some_and(|user| user.disabled_at.is_none())))
                });
                let is_valid = |key: ApiKey| {
                    key.user_id == caller.user_id
                        && key.expires_at.is_none_or(|expires_at| now < expires_at)
                        && key.scopes.includes(caller.scopes)
                        && key.networks.allow(client)
                };
                Ok(found.await?.is_some_and(is_valid))
            }
        }
    }

    /// Proves by the password who the caller is: from now on, their session counts as one that began at this moment.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`] or [`Error::TooManyAttempts`]; [`Error::RecentSignInRequired`] if the account has no password.
    pub async fn prove(&self, caller: &Principal, password: &str, device: &Device) -> Result<(), Error> {
        let session_id = caller.session_id().ok_or(Error::InteractiveSignInRequired)?;
        let proved = self.reauthentication.prove(caller, Some(password), device).await?;
        if proved.password_hash.is_none() {
            // Otherwise a social sign-in would count as recent for ever.
            return Err(Error::RecentSignInRequired);
        }
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let recorded = transactions.write(async |tx| {
            check_same_password(&proved, &present(tx.users().lookup(caller.user_id).await?)?)?;
            let now = tx.now();
            let session = tx.sessions().lookup(session_id).await?.filter(|session| session.is_live(now));
            let session = session.ok_or_else(ended)?;
            Ok(tx.sessions().update(&Session { proved_at: Some(now), ..session }).await?)
        });
        recorded.await
    }

    /// Requires that the session of the caller began, or was proved again, within the last 10 minutes.
    pub(crate) async fn require_recent(&self, caller: &Principal) -> Result<(), Error> {
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        transactions.read(async |unit| self.reauthentication.require_recent(unit, caller).await).await
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
