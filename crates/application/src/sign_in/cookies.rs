//! Sign-ins of browsers, carried on by a cookie.

use std::time::Duration;

use memo_domain::{Access, AuditKind, Scopes, Secret, Session, SessionId, User, UserId};

use super::{Device, SignIn, ended, prolonged};
use crate::{Credential, Error, Principal, audit::Happened};

/// How much time passes until the use of a cookie is written down again.
const NOTED_AGAIN: Duration = Duration::from_mins(1);

/// What a sign-in by a browser gives.
#[derive(Debug)]
pub struct CookieGrant {
    /// What the cookie holds.
    pub secret: Secret,
    /// How long the cookie lives at most: its sign-in ends sooner where it is not used.
    pub max_age: Duration,
    /// Who signed in.
    pub user: User,
}

impl SignIn {
    /// Signs a browser in. The cookie is a new one, whatever the browser had before, and that one's sign-in ends: nobody
    /// can have planted it (session fixation).
    pub(crate) async fn grant_cookie(
        &self,
        user: &User,
        provider: Option<&str>,
        before: Option<&Secret>,
        device: &Device,
    ) -> Result<CookieGrant, Error> {
        let secret = self.ports.secrets.next();
        let before = match before {
            Some(before) => self.ports.browser_sessions.find_by_cookie(&before.digest()).await?,
            None => None,
        };
        let new = self.new_session(user, Scopes::all(), Some(secret.digest()), provider, device).await?;
        let mut unit = self.ports.store.begin(Access::Write).await?;
        self.begin_session(&mut *unit, &new).await?;
        let mut replaced = None;
        if let Some(Session { id, .. }) = before
            && let Some(mut session) = unit.sessions().lookup(id).await?
            && session.ended_at.is_none()
        {
            session.ended_at = Some(self.ports.now());
            unit.sessions().update(&session).await?;
            Happened::to(session.user_id, AuditKind::SignedOut, device).record(&mut *unit, &self.ports).await?;
            replaced = Some(id);
        }
        self.commit_session(unit, &new).await?;
        self.live.forget_all(replaced.as_slice());
        Ok(CookieGrant { secret, max_age: Session::MAX_AGE, user: user.clone() })
    }

    /// Who a cookie belongs to, where its sign-in is good.
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
        if now.since(session.last_seen_at) >= NOTED_AGAIN {
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
