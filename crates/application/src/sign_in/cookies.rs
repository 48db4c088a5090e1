//! Sessions of browsers, kept by a cookie.

use std::time::Duration;

use memo_domain::{AuditKind, Scopes, Secret, Session, SessionId, User, UserId};

use super::{Device, Proof, SignIn, end, ended, prolonged};
use crate::{Credential, Error, Principal};

/// How long after a recorded use of a cookie its next use is recorded.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

/// A new session of a browser.
#[derive(Debug)]
pub struct CookieGrant {
    /// The value of the cookie.
    pub secret: Secret,
    /// The maximum age of the cookie; an unused session expires earlier.
    pub max_age: Duration,
    /// What the browser shows at later sign-ins, to be recognized as a device of the user.
    pub device: String,
    /// The user.
    pub user: User,
}

impl SignIn {
    /// Signs a browser in with a new cookie, and ends the session of its previous one, which an attacker may have planted
    /// (session fixation).
    pub(crate) async fn grant_cookie(
        &self,
        user: &User,
        proof: Proof<'_>,
        previous: Option<&Secret>,
        device: &Device,
    ) -> Result<CookieGrant, Error> {
        let secret = self.ports.secrets.next();
        let previous = match previous {
            Some(previous) => self.ports.browser_sessions.find_by_cookie(&previous.digest()).await?,
            None => None,
        };
        let new = self.new_session(user, Scopes::all(), Some(secret.digest()), proof, device).await?;
        let transactions = self.ports.transactions.on_behalf_of(user.id);
        let granted = transactions.write(async |tx| {
            self.insert_session(tx, &new).await?;
            if let Some(Session { id, .. }) = previous
                && let Some(session) = tx.sessions().lookup(id).await?
                && session.ended_at.is_none()
            {
                end(tx, session, AuditKind::SignedOut, device).await?;
            }
            Ok(())
        });
        granted.await?;
        let device = self.remember_device(user.id, new.session.id)?;
        Ok(CookieGrant { secret, max_age: Session::MAX_AGE, device, user: user.clone() })
    }

    /// Returns the owner of a cookie, if its session is live.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub async fn authenticate_cookie(&self, secret: &Secret) -> Result<Principal, Error> {
        let now = self.ports.now();
        let digest = secret.digest();
        let mut watch = None;
        if let Some((session_id, user_id)) = self.live.of_cookie(&digest) {
            match self.live.look(session_id, now) {
                None => return Ok(of_cookie(user_id, session_id, Scopes::all())),
                known => watch = known,
            }
        }
        let session = self.ports.browser_sessions.find_by_cookie(&digest).await?;
        let session = session.filter(|session| session.is_live(now)).ok_or_else(ended)?;
        let principal = of_cookie(session.user_id, session.id, session.scopes);
        self.live.keep_cookie(digest, session.id, session.user_id);
        if let Some(watch) = watch {
            self.live.keep(session.id, now, &watch);
        }
        if now.since(session.last_seen_at) >= TOUCH_INTERVAL {
            let expires_at = prolonged(&session, self.settings.session_ttl, now);
            // It may have been ended since.
            if !self.ports.browser_sessions.touch(&digest, now, expires_at).await? {
                return Err(ended());
            }
        }
        Ok(principal)
    }
}

const fn of_cookie(user_id: UserId, session_id: SessionId, scopes: Scopes) -> Principal {
    Principal { user_id, scopes, credential: Credential::Cookie { session_id } }
}
