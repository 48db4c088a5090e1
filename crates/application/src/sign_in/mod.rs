//! Members sign in, stay signed in, and sign out.

mod liveness;

use std::{sync::Arc, time::Duration};

use memo_domain::{
    Access, AccessClaims, Clock, Email, IdGenerator, Password, PasswordHasher, RefreshToken, Scope, Scopes, Secret,
    SecretDigest, SecretGenerator, Session, SessionId, Store, Timestamp, TokenError, TokenSigner, UnitOfWork, UserId,
};

use crate::{Error, UnauthenticatedReason};

/// How long what is issued lives.
#[derive(Debug, Clone, Copy)]
pub struct SignInSettings {
    /// An access token.
    pub access_token_ttl: Duration,
    /// A refresh token that is not used.
    pub refresh_token_ttl: Duration,
    /// How long after its first use a refresh token still gets a fresh pair: two tabs or a lost answer log nobody out.
    pub refresh_reuse_leeway: Duration,
}

/// A sign-in ends at the latest this long after it was made.
const SESSION_MAX_AGE: Duration = Duration::from_hours(90 * 24);

/// What a sign-in is made from, for its owner to recognise it.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// What it calls itself (`User-Agent`), cut to 200 characters.
    pub name: Option<String>,
    /// Its address.
    pub ip: Option<String>,
}

/// What a sign-in or a refresh gives.
#[derive(Debug)]
pub struct Grant {
    /// A signed token for the API.
    pub access_token: String,
    /// How long it lives.
    pub expires_in: Duration,
    /// What gets the next pair.
    pub refresh_token: Secret,
    /// What the access token may be used for.
    pub scopes: Scopes,
}

/// Who calls, and what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The member.
    pub user_id: UserId,
    /// Their sign-in.
    pub session_id: SessionId,
    /// What the token may be used for.
    pub scopes: Scopes,
}

impl Principal {
    /// # Errors
    /// [`Error::InsufficientScope`] where the scope is missing.
    pub const fn require(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.contains(scope) { Ok(()) } else { Err(Error::InsufficientScope(scope)) }
    }
}

/// Members sign in.
pub struct SignIn {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    hasher: Arc<dyn PasswordHasher>,
    signer: Arc<dyn TokenSigner>,
    settings: SignInSettings,
    live: liveness::LiveSessions,
}

impl SignIn {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        secrets: Arc<dyn SecretGenerator>,
        hasher: Arc<dyn PasswordHasher>,
        signer: Arc<dyn TokenSigner>,
        settings: SignInSettings,
    ) -> Self {
        Self { store, clock, ids, secrets, hasher, signer, settings, live: liveness::LiveSessions::new() }
    }

    /// Signs in by password.
    ///
    /// An unknown address, a wrong password and a disabled account are told apart neither by the answer nor by its time.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], or [`Error::Overloaded`] where too many passwords wait.
    pub async fn by_password(
        &self,
        email: &str,
        password: &str,
        scopes: Scopes,
        device: Device,
    ) -> Result<Grant, Error> {
        // What can't be an address or a password at all tells nothing of any account.
        let email = Email::new(email).map_err(|_| Error::InvalidGrant)?;
        let password = Password::new(password).map_err(|_| Error::InvalidGrant)?;
        let user = self.store.begin(Access::Read).await?.users().find_by_email(&email).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
        let right = self.hasher.verify(&password, hash).await?;
        let user = user.filter(|user| right && user.disabled_at.is_none()).ok_or(Error::InvalidGrant)?;

        let now = self.clock.now();
        let session = Session {
            id: SessionId::new(self.ids.next(now)),
            user_id: user.id,
            scopes,
            device: device.name,
            ip: device.ip,
            created_at: now,
            last_seen_at: now,
            expires_at: now + self.settings.refresh_token_ttl.min(SESSION_MAX_AGE),
            ended_at: None,
        };
        let mut unit = self.store.begin(Access::Write).await?;
        unit.sessions().insert(&session).await?;
        let grant = self.issue(&mut *unit, &session, session.scopes, now).await?;
        unit.commit().await?;
        Ok(grant)
    }

    /// Exchanges a refresh token for a fresh pair.
    ///
    /// A token that was used before the leeway ended gets one too; later its whole family ends, since either the holder
    /// or a thief has used it twice (RFC 9700, section 4.14.2).
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], or [`Error::InvalidScope`] where more is asked for than the sign-in has.
    pub async fn refresh(&self, secret: &Secret, scopes: Option<Scopes>) -> Result<Grant, Error> {
        let now = self.clock.now();
        let digest = secret.digest();
        // Whoever guesses shall not keep writers waiting.
        self.refreshable(&mut *self.store.begin(Access::Read).await?, &digest, now).await?;
        let mut unit = self.store.begin(Access::Write).await?;
        let (token, mut session) = self.refreshable(&mut *unit, &digest, now).await?;
        let scopes = scopes.unwrap_or(session.scopes);
        if !session.scopes.includes(scopes) {
            return Err(Error::InvalidScope);
        }
        if !unit.refresh_tokens().claim(&digest, now).await? {
            // Read anew: another unit of work may have claimed it since.
            let used_at = unit.refresh_tokens().lookup(&token.digest).await?.and_then(|token| token.used_at);
            let leeway = self.settings.refresh_reuse_leeway;
            if used_at.is_none_or(|used_at| now.since(used_at) >= leeway) {
                tracing::warn!(session_id = %session.id, user_id = %session.user_id, "refresh token used twice");
                self.end(unit, session, now).await?;
                return Err(Error::InvalidGrant);
            }
        }
        session.last_seen_at = now;
        session.expires_at =
            (now + self.settings.refresh_token_ttl).min(session.created_at + SESSION_MAX_AGE).max(session.expires_at);
        unit.sessions().update(&session).await?;
        let grant = self.issue(&mut *unit, &session, scopes, now).await?;
        unit.commit().await?;
        Ok(grant)
    }

    /// Ends the sign-in that a refresh token or an access token belongs to (RFC 7009). A token that is worth nothing is
    /// no error.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn revoke(&self, refresh_token: Option<&Secret>, token: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let session_id = if let Some(secret) = refresh_token {
            let mut unit = self.store.begin(Access::Read).await?;
            unit.refresh_tokens().lookup(&secret.digest()).await?.map(|token| token.session_id)
        } else {
            self.signer.verify(token, now).ok().map(|claims| claims.session_id)
        };
        let Some(session_id) = session_id else { return Ok(()) };
        let mut unit = self.store.begin(Access::Write).await?;
        match unit.sessions().lookup(session_id).await? {
            Some(session) if session.ended_at.is_none() => self.end(unit, session, now).await,
            // As good as done only when whoever ended it has committed.
            _ => Ok(unit.commit().await?),
        }
    }

    /// Who an access token belongs to, where it and its sign-in are good.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub async fn authenticate(&self, token: &str) -> Result<Principal, Error> {
        let now = self.clock.now();
        let claims = self.signer.verify(token, now).map_err(|error| match error {
            TokenError::Invalid => Error::Unauthenticated(UnauthenticatedReason::Invalid),
            TokenError::Expired => Error::Unauthenticated(UnauthenticatedReason::Expired),
        })?;
        if !self.is_live(claims.session_id, claims.user_id, now).await? {
            return Err(Error::Unauthenticated(UnauthenticatedReason::SessionEnded));
        }
        Ok(Principal { user_id: claims.user_id, session_id: claims.session_id, scopes: claims.scopes })
    }

    async fn is_live(&self, session_id: SessionId, user_id: UserId, now: Timestamp) -> Result<bool, Error> {
        let Some(watch) = self.live.look(session_id, now) else { return Ok(true) };
        let session = self.store.begin(Access::Read).await?.sessions().lookup(session_id).await?;
        let live = session.is_some_and(|session| session.user_id == user_id && session.is_live(now));
        if live {
            self.live.keep(session_id, now, &watch);
        }
        Ok(live)
    }

    async fn refreshable(
        &self,
        unit: &mut dyn UnitOfWork,
        digest: &SecretDigest,
        now: Timestamp,
    ) -> Result<(RefreshToken, Session), Error> {
        let token = unit.refresh_tokens().lookup(digest).await?.ok_or(Error::InvalidGrant)?;
        let session = unit.sessions().lookup(token.session_id).await?;
        let session = session.filter(|session| session.is_live(now)).ok_or(Error::InvalidGrant)?;
        if now < token.expires_at { Ok((token, session)) } else { Err(Error::InvalidGrant) }
    }

    async fn issue(
        &self,
        unit: &mut dyn UnitOfWork,
        session: &Session,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<Grant, Error> {
        let secret = self.secrets.next();
        let token = RefreshToken {
            digest: secret.digest(),
            session_id: session.id,
            issued_at: now,
            expires_at: (now + self.settings.refresh_token_ttl).min(session.created_at + SESSION_MAX_AGE),
            used_at: None,
        };
        unit.refresh_tokens().insert(&token).await?;
        let claims = AccessClaims {
            id: self.ids.next(now),
            user_id: session.user_id,
            session_id: session.id,
            scopes,
            issued_at: now,
            expires_at: now + self.settings.access_token_ttl,
        };
        let access_token = self.signer.sign(&claims).map_err(|source| Error::Internal { source })?;
        Ok(Grant { access_token, expires_in: self.settings.access_token_ttl, refresh_token: secret, scopes })
    }

    async fn end(&self, mut unit: Box<dyn UnitOfWork>, mut session: Session, now: Timestamp) -> Result<(), Error> {
        let id = session.id;
        session.ended_at = Some(now);
        unit.sessions().update(&session).await?;
        unit.commit().await?;
        self.live.forget(id);
        Ok(())
    }
}
