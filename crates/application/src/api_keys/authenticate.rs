//! Requests that authenticate with an API key.

use std::{net::IpAddr, sync::Arc, time::Duration};

use hmac::Mac;
use memo_domain::{ApiKeyId, AuditKind, Causes, Timestamp};
use subtle::ConstantTimeEq;

use super::{
    ApiKeys,
    live::{LiveKey, Verifier},
    secret,
};
use crate::{Credential, Device, Error, Principal, UnauthenticatedReason, audit::AuditEntry};

/// How long after a recorded use of a key its next use is recorded.
const RECORD_INTERVAL: Duration = Duration::from_mins(1);
/// How far the time of a signature may lie from the clock of the server.
const WINDOW: Duration = Duration::from_mins(5);
/// How much longer than its signature is valid a nonce is remembered: the clocks of nodes differ.
const CLOCK_DIFFERENCE: Duration = Duration::from_mins(1);

/// A request that is signed with an API key (RFC 9421).
#[derive(Debug)]
pub struct SignedRequest<'a> {
    /// The key.
    pub key_id: ApiKeyId,
    /// When it was signed.
    pub created: Timestamp,
    /// When the signature expires, if it says so.
    pub expires: Option<Timestamp>,
    /// What makes the request unlike others.
    pub nonce: &'a str,
    /// What must have been signed: one of these texts, which differ in how the client may have named this server.
    pub bases: &'a [String],
    /// The signature.
    pub signature: &'a [u8],
}

impl ApiKeys {
    /// Returns the owner of a bearer key.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], or [`Error::IpNotAllowed`] if the key may not be used from this address.
    pub async fn authenticate(&self, token: &str, client: Option<IpAddr>) -> Result<Principal, Error> {
        let key = self.bearer(token).await?.ok_or(unauthenticated(UnauthenticatedReason::ApiKeyInvalid))?;
        let now = self.ports.now();
        check(&key, client, now)?;
        self.record_use(&key, now);
        Ok(principal(&key))
    }

    /// Returns the owner of the key that a request is signed with. Each signature is accepted once.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), or [`Error::Cache`]: without it, a request could be sent twice.
    pub async fn authenticate_signed(
        &self,
        request: &SignedRequest<'_>,
        client: Option<IpAddr>,
    ) -> Result<Principal, Error> {
        let SignedRequest { key_id, created, expires, nonce, .. } = *request;
        let key = self.find(key_id).await?.filter(|key| is_signed(key, request));
        let key = key.ok_or(unauthenticated(UnauthenticatedReason::SignatureInvalid))?;
        let now = self.ports.now();
        check(&key, client, now)?;
        let is_in_time = now.since(created).max(created.since(now)) <= WINDOW;
        if !is_in_time || expires.is_some_and(|expires| now >= expires) {
            return Err(unauthenticated(UnauthenticatedReason::SignatureExpired));
        }
        let remembered = (created + WINDOW).since(now) + CLOCK_DIFFERENCE;
        // Each key has room of its own: another user's many requests must not make it forget a nonce.
        let (holder, name) = (format!("signature:{key_id}"), format!("signature:{key_id}:{nonce}"));
        if !self.ports.cache.claim(&holder, &name, remembered).await? {
            return Err(unauthenticated(UnauthenticatedReason::SignatureReplayed));
        }
        self.record_use(&key, now);
        Ok(principal(&key))
    }

    /// Removes a bearer key that was sent without encryption, if it is valid: others may know it.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn remove_exposed(&self, token: &str, device: &Device) -> Result<(), Error> {
        let Some(key) = self.bearer(token).await? else { return Ok(()) };
        let transactions = self.ports.transactions.on_behalf_of(key.user_id);
        let removed = transactions.write(async |tx| {
            if tx.api_keys().remove(key.id).await? {
                tx.api_keys_changed([key.id]);
                let entry = AuditEntry::new(key.user_id, AuditKind::ApiKeyExposed, device);
                tx.record(entry.with_detail(key.id.to_string())).await?;
            }
            Ok(())
        });
        removed.await
    }

    /// Returns the key of a bearer token, expired or not, if it has this secret.
    async fn bearer(&self, token: &str) -> Result<Option<Arc<LiveKey>>, Error> {
        let Some((id, secret)) = secret::read(token) else { return Ok(None) };
        let key = self.find(id).await?;
        Ok(key.filter(|key| match &key.verifier {
            Verifier::Digest(digest) => digest.as_bytes().ct_eq(secret.digest().as_bytes()).into(),
            Verifier::Signature(_) => false,
        }))
    }

    /// Returns a key whose user may sign in, as remembered from a moment ago or by the store.
    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<LiveKey>>, Error> {
        let now = self.ports.now();
        let watch = match self.live.keys.look(id, now) {
            Ok(key) => return Ok(Some(key)),
            Err(watch) => watch,
        };
        let found = self.ports.transactions.read(async |unit| {
            let Some(key) = unit.api_keys().lookup(id).await? else { return Ok(None) };
            let user = unit.users().lookup(key.user_id).await?;
            Ok(user.filter(|user| user.disabled_at.is_none()).map(|_| key))
        });
        let Some(key) = found.await? else { return Ok(None) };
        let key = Arc::new(LiveKey::new(&self.ports, key, now).map_err(|source| Error::Internal { source })?);
        self.live.keys.keep(&key, &watch);
        Ok(Some(key))
    }

    /// Records a use in the background, at most once a minute for each key and node.
    fn record_use(&self, key: &LiveKey, now: Timestamp) {
        if !key.begins_to_record(now, RECORD_INTERVAL) {
            return;
        }
        let (ports, user, id) = (self.ports.clone(), key.user_id, key.id);
        self.ports.background.run(Box::pin(async move {
            let transactions = ports.transactions.on_behalf_of(user);
            let recorded = transactions.write_boxed((id, now), |tx, input| {
                let (id, now) = *input;
                Box::pin(async move { Ok(tx.api_keys().touch(id, now).await?) })
            });
            if let Err(error) = recorded.await {
                tracing::warn!(error = %Causes(&error), "the use of an API key was not recorded");
            }
        }));
    }
}

fn is_signed(key: &LiveKey, request: &SignedRequest<'_>) -> bool {
    let Verifier::Signature(mac) = &key.verifier else { return false };
    let fits = |base: &String| mac.clone().chain_update(base.as_bytes()).verify_slice(request.signature).is_ok();
    request.bases.iter().any(fits)
}

/// Only for requests that prove that they have the secret: others must not learn about the key.
fn check(key: &LiveKey, client: Option<IpAddr>, now: Timestamp) -> Result<(), Error> {
    if key.expires_at.is_some_and(|expires_at| now >= expires_at) {
        return Err(unauthenticated(UnauthenticatedReason::ApiKeyExpired));
    }
    if key.networks.allow(client) { Ok(()) } else { Err(Error::IpNotAllowed) }
}

fn principal(key: &LiveKey) -> Principal {
    Principal { user_id: key.user_id, scopes: key.scopes, credential: Credential::ApiKey { key_id: key.id } }
}

const fn unauthenticated(reason: UnauthenticatedReason) -> Error {
    Error::Unauthenticated(reason)
}
