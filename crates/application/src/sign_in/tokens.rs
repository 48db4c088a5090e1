//! Sessions that are kept by refresh tokens.

use std::time::Duration;

use memo_domain::{
    AccessClaims, AuditKind, RefreshToken, Scopes, Secret, SecretDigest, Session, Timestamp, TokenError, UnitOfWork,
    User,
};

use super::{Device, Proof, SignIn, end, ended, prolonged};
use crate::{Credential, Error, Principal, UnauthenticatedReason, audit::AuditEntry, transaction::Transaction};

/// The detail of an audit event: a refresh token was used again within the leeway.
const IN_TIME: &str = "within the leeway";

/// The tokens of a session.
#[derive(Debug)]
pub struct Grant {
    /// A signed token for the API.
    pub access_token: String,
    /// The lifetime of the access token.
    pub expires_in: Duration,
    /// The token that is exchanged for the next pair.
    pub refresh_token: Secret,
    /// The scopes of the access token.
    pub scopes: Scopes,
    /// What the client shows at later sign-ins, to be recognized as a device of the user; `None` after a refresh.
    pub device: Option<String>,
}

/// The result of a refresh token that was found.
enum Refreshed {
    Granted(Grant),
    /// It was used a second time, so its session has ended.
    Reused,
}

impl SignIn {
    pub(super) async fn grant_tokens(
        &self,
        user: &User,
        scopes: Scopes,
        proof: Proof<'_>,
        device: &Device,
    ) -> Result<Grant, Error> {
        let new = self.new_session(user, scopes, None, proof, device).await?;
        let transactions = self.ports.transactions.on_behalf_of(user.id);
        let granted = transactions.write(async |tx| {
            self.insert_session(tx, &new).await?;
            let secret = self.ports.secrets.next();
            self.insert_token(tx, &secret, &new.session).await?;
            self.grant(&new.session, scopes, secret)
        });
        Ok(Grant { device: Some(self.remember_device(user.id, new.session.id)?), ..granted.await? })
    }

    /// Exchanges a refresh token for its successor.
    ///
    /// A used token gets the same successor again, within the leeway after its first use: if two hold it, they collide at their
    /// next use. Later the whole session ends: either its owner or a thief has used the token twice (RFC 9700, section 4.14.2).
    ///
    /// # Errors
    /// [`Error::InvalidGrant`], or [`Error::InvalidScope`] if a requested scope exceeds the session's.
    pub async fn refresh(&self, secret: &Secret, scopes: Option<Scopes>, device: &Device) -> Result<Grant, Error> {
        let now = self.ports.now();
        let digest = secret.digest();
        let transactions = &self.ports.transactions;
        // Read first, so that an attacker who tries tokens does not keep writers waiting.
        transactions.read(async |unit| refreshable(unit, &digest, now).await).await?;
        let refreshed = transactions.write(async |tx| {
            let (token, mut session) = refreshable(&mut **tx, &digest, now).await?;
            let scopes = scopes.unwrap_or(session.scopes);
            let is_first = tx.refresh_tokens().claim(&digest, now).await?;
            if !is_first {
                // Looked up again: another transaction may have claimed it since.
                let used_at = tx.refresh_tokens().lookup(&token.digest).await?.and_then(|token| token.used_at);
                let leeway = self.settings.refresh_reuse_leeway;
                if used_at.is_none_or(|used_at| now.since(used_at) >= leeway) {
                    end(tx, session, AuditKind::RefreshReused, device).await?;
                    return Ok(Refreshed::Reused);
                }
            }
            // After the check for reuse, which reveals a thief whatever they request. A refused request does not use the token.
            if !session.scopes.includes(scopes) {
                return Err(Error::InvalidScope);
            }
            session.touch(now, prolonged(&session, self.settings.refresh_token_ttl, now));
            tx.sessions().update(&session).await?;
            let successor = if is_first {
                self.insert_successor(tx, secret, &session).await?
            } else {
                let entry = AuditEntry::new(session.user_id, AuditKind::RefreshReused, device);
                tx.record(entry.with_detail(IN_TIME)).await?;
                self.known_successor(&mut **tx, secret).await?
            };
            self.grant(&session, scopes, successor).map(Refreshed::Granted)
        });
        match refreshed.await? {
            Refreshed::Granted(grant) => Ok(grant),
            Refreshed::Reused => Err(Error::InvalidGrant),
        }
    }

    async fn insert_successor(&self, tx: &mut Transaction, used: &Secret, session: &Session) -> Result<Secret, Error> {
        let successor = self.ports.signer.successors(used).into_iter().next();
        let successor = successor.ok_or_else(|| Error::Internal { source: "no key derives refresh tokens".into() })?;
        self.insert_token(tx, &successor, session).await?;
        Ok(successor)
    }

    /// Returns the successor that a used token has: the key that it was derived with may not be the first one any more.
    async fn known_successor(&self, unit: &mut dyn UnitOfWork, used: &Secret) -> Result<Secret, Error> {
        for successor in self.ports.signer.successors(used) {
            if unit.refresh_tokens().lookup(&successor.digest()).await?.is_some() {
                return Ok(successor);
            }
        }
        // The key was removed since.
        Err(Error::InvalidGrant)
    }

    /// Ends the session of a refresh token or an access token (RFC 7009). An invalid token is no error.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn revoke(&self, refresh_token: Option<&Secret>, token: &str, device: &Device) -> Result<(), Error> {
        let session_id = if let Some(secret) = refresh_token {
            let digest = secret.digest();
            let transactions = &self.ports.transactions;
            let token = transactions.read(async |unit| Ok(unit.refresh_tokens().lookup(&digest).await?)).await?;
            token.map(|token| token.session_id)
        } else {
            match self.ports.signer.verify(token, self.ports.now()) {
                // An expired token still names its session.
                Ok(AccessClaims { session_id, .. }) | Err(TokenError::Expired { session_id }) => Some(session_id),
                Err(TokenError::Invalid) => None,
            }
        };
        match session_id {
            Some(session_id) => self.sign_out(session_id, device).await,
            None => Ok(()),
        }
    }

    /// Returns the owner of an access token, if it is valid and its session is live.
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

    /// Inserts a refresh token of a session that was used just now.
    async fn insert_token(&self, tx: &mut Transaction, secret: &Secret, session: &Session) -> Result<(), Error> {
        let now = session.last_seen_at;
        let token = RefreshToken {
            digest: secret.digest(),
            session_id: session.id,
            issued_at: now,
            expires_at: (now + self.settings.refresh_token_ttl).min(session.ends_at_latest()),
            used_at: None,
        };
        Ok(tx.refresh_tokens().insert(&token).await?)
    }

    /// Returns a refresh token of a session, with a new access token. Its times are those of the clock, by which it is verified: a
    /// session keeps later ones if the clock was set back.
    fn grant(&self, session: &Session, scopes: Scopes, refresh_token: Secret) -> Result<Grant, Error> {
        let now = self.ports.now();
        let claims = AccessClaims {
            id: self.ports.id(now),
            user_id: session.user_id,
            session_id: session.id,
            scopes,
            issued_at: now,
            expires_at: now + self.settings.access_token_ttl,
        };
        let access_token = self.ports.signer.sign(&claims).map_err(|source| Error::Internal { source })?;
        Ok(Grant { access_token, expires_in: self.settings.access_token_ttl, refresh_token, scopes, device: None })
    }
}

/// Looks up a refresh token with its live session.
async fn refreshable(
    unit: &mut dyn UnitOfWork,
    digest: &SecretDigest,
    now: Timestamp,
) -> Result<(RefreshToken, Session), Error> {
    let token = unit.refresh_tokens().lookup(digest).await?.ok_or(Error::InvalidGrant)?;
    let session = unit.sessions().lookup(token.session_id).await?;
    let session = session.filter(|session| session.is_live(now)).ok_or(Error::InvalidGrant)?;
    // A used token that is presented again reveals a thief, even if it has expired.
    if now < token.expires_at || token.used_at.is_some() { Ok((token, session)) } else { Err(Error::InvalidGrant) }
}
