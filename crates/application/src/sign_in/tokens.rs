//! Sign-ins that are carried on by refresh tokens.

use std::time::Duration;

use memo_domain::{
    Access, AccessClaims, AuditKind, RefreshToken, Scopes, Secret, SecretDigest, Session, Timestamp, TokenError,
    UnitOfWork, User,
};

use super::{Device, SignIn, ended, prolonged};
use crate::{Credential, Error, Principal, UnauthenticatedReason, unit::repeat};

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

impl SignIn {
    pub(super) async fn grant_tokens(&self, user: &User, scopes: Scopes, device: &Device) -> Result<Grant, Error> {
        let new = self.new_session(user, scopes, None, None, device).await?;
        let mut unit = self.ports.store.begin(Access::Write).await?;
        self.begin_session(&mut *unit, &new).await?;
        let grant = self.issue(&mut *unit, &new.session, scopes, new.session.created_at).await?;
        self.commit_session(unit, &new).await?;
        Ok(grant)
    }

    /// Exchanges a refresh token for a fresh pair.
    ///
    /// A token that was used before the leeway ended gets one too; later its whole family ends, since either the holder
    /// or a thief has used it twice (RFC 9700, section 4.14.2).
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], or [`Error::InvalidScope`] where more is asked for than the sign-in has.
    pub async fn refresh(&self, secret: &Secret, scopes: Option<Scopes>, device: &Device) -> Result<Grant, Error> {
        let now = self.ports.now();
        let digest = secret.digest();
        // Whoever guesses shall not keep writers waiting.
        self.refreshable(&mut *self.ports.store.begin(Access::Read).await?, &digest, now).await?;
        repeat(async || {
            let mut unit = self.ports.store.begin(Access::Write).await?;
            let (token, mut session) = self.refreshable(&mut *unit, &digest, now).await?;
            let scopes = scopes.unwrap_or(session.scopes);
            if !unit.refresh_tokens().claim(&digest, now).await? {
                // Read anew: another unit of work may have claimed it since.
                let used_at = unit.refresh_tokens().lookup(&token.digest).await?.and_then(|token| token.used_at);
                let leeway = self.settings.refresh_reuse_leeway;
                if used_at.is_none_or(|used_at| now.since(used_at) >= leeway) {
                    self.end(unit, session, AuditKind::RefreshReused, device).await?;
                    return Err(Error::InvalidGrant);
                }
            }
            // Only now: a token that is shown too late tells of a thief, whatever they ask for. What is refused is not used.
            if !session.scopes.includes(scopes) {
                return Err(Error::InvalidScope);
            }
            session.last_seen_at = now;
            session.expires_at = prolonged(&session, self.settings.refresh_token_ttl, now);
            unit.sessions().update(&session).await?;
            let grant = self.issue(&mut *unit, &session, scopes, now).await?;
            unit.commit().await?;
            Ok(grant)
        })
        .await
    }

    /// Ends the sign-in that a refresh token or an access token belongs to (RFC 7009). A token that is worth nothing is
    /// no error.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn revoke(&self, refresh_token: Option<&Secret>, token: &str, device: &Device) -> Result<(), Error> {
        let session_id = if let Some(secret) = refresh_token {
            let mut unit = self.ports.store.begin(Access::Read).await?;
            unit.refresh_tokens().lookup(&secret.digest()).await?.map(|token| token.session_id)
        } else {
            match self.ports.signer.verify(token, self.ports.now()) {
                // It names what is to end, though it opens nothing any more.
                Ok(AccessClaims { session_id, .. }) | Err(TokenError::Expired { session_id }) => Some(session_id),
                Err(TokenError::Invalid) => None,
            }
        };
        match session_id {
            Some(session_id) => self.sign_out(session_id, device).await,
            None => Ok(()),
        }
    }

    /// Who an access token belongs to, where it and its sign-in are good.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub async fn authenticate(&self, token: &str) -> Result<Principal, Error> {
        let now = self.ports.now();
        let claims = self.ports.signer.verify(token, now).map_err(|error| match error {
            TokenError::Invalid => Error::Unauthenticated(UnauthenticatedReason::Invalid),
            TokenError::Expired { .. } => Error::Unauthenticated(UnauthenticatedReason::Expired),
        })?;
        if !self.is_live(claims.session_id, claims.user_id, now).await? {
            return Err(ended());
        }
        let credential = Credential::AccessToken { session_id: claims.session_id };
        Ok(Principal { user_id: claims.user_id, scopes: claims.scopes, credential })
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
        // One that was used and is shown again tells of a thief, however old it is.
        if now < token.expires_at || token.used_at.is_some() { Ok((token, session)) } else { Err(Error::InvalidGrant) }
    }

    async fn issue(
        &self,
        unit: &mut dyn UnitOfWork,
        session: &Session,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<Grant, Error> {
        let secret = self.ports.secrets.next();
        let token = RefreshToken {
            digest: secret.digest(),
            session_id: session.id,
            issued_at: now,
            expires_at: (now + self.settings.refresh_token_ttl).min(session.ends_at_latest()),
            used_at: None,
        };
        unit.refresh_tokens().insert(&token).await?;
        let claims = AccessClaims {
            id: self.ports.id(now),
            user_id: session.user_id,
            session_id: session.id,
            scopes,
            issued_at: now,
            expires_at: now + self.settings.access_token_ttl,
        };
        let access_token = self.ports.signer.sign(&claims).map_err(|source| Error::Internal { source })?;
        Ok(Grant { access_token, expires_in: self.settings.access_token_ttl, refresh_token: secret, scopes })
    }
}
