//! Remembers API keys for a few seconds, so that not every request asks the store.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use hmac::{Hmac, KeyInit};
use memo_domain::{ApiKey, ApiKeyId, ApiKeySecret, Networks, Scopes, Secret, SecretDigest, Source, Timestamp, UserId};
use quick_cache::sync::Cache;
use sha2::Sha256;

use super::{context, secret::text};
use crate::{Ports, live::TRUSTED};

/// How many keys are remembered; the least recently used make room.
const CAPACITY: usize = 10_000;

/// The API keys that could be used a few seconds ago.
pub struct LiveKeys {
    known: Cache<ApiKeyId, Arc<LiveKey>>,
    /// How many times keys were forgotten.
    generation: AtomicU64,
}

/// The generation in which [`LiveKeys::look`] found no key.
pub struct Watch(u64);

/// An API key, prepared for checks.
pub struct LiveKey {
    pub id: ApiKeyId,
    pub user_id: UserId,
    pub scopes: Scopes,
    pub networks: Networks,
    pub expires_at: Option<Timestamp>,
    pub verifier: Verifier,
    seen_at: Timestamp,
    /// The last use that is recorded, or is about to be, in microseconds.
    used_at: AtomicI64,
}

/// What a secret or a signature is checked against.
pub enum Verifier {
    Digest(SecretDigest),
    /// A MAC under the key of the signatures, before its message.
    Signature(Hmac<Sha256>),
}

impl LiveKeys {
    /// Remembers nothing yet.
    pub(crate) fn new() -> Self {
        Self { known: Cache::new(CAPACITY), generation: AtomicU64::new(0) }
    }

    /// Returns a key if it is remembered; otherwise what [`keep`](Self::keep) needs once the store has answered.
    pub(super) fn look(&self, id: ApiKeyId, now: Timestamp) -> Result<Arc<LiveKey>, Watch> {
        let watch = Watch(self.generation.load(Ordering::Acquire));
        match self.known.get(&id) {
            Some(key) if now >= key.seen_at && now.since(key.seen_at) < TRUSTED => Ok(key),
            _ => Err(watch),
        }
    }

    /// Remembers a key, unless any key changed while the store was asked: its answer may be older than that.
    pub(super) fn keep(&self, key: &Arc<LiveKey>, watch: &Watch) {
        if self.generation.load(Ordering::Acquire) == watch.0 {
            self.known.insert(key.id, key.clone());
            if self.generation.load(Ordering::Acquire) != watch.0 {
                self.known.remove(&key.id);
            }
        }
    }

    /// Forgets keys that have changed.
    pub(crate) fn forget(&self, ids: &[ApiKeyId]) {
        for id in ids {
            self.generation.fetch_add(1, Ordering::AcqRel);
            self.known.remove(id);
        }
    }

    pub(crate) fn forget_everything(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.known.clear();
    }
}

impl LiveKey {
    /// Prepares a key that the store returned.
    ///
    /// # Errors
    /// If its secret can't be opened.
    pub(super) fn new(ports: &Ports, key: ApiKey, now: Timestamp) -> Result<Self, Source> {
        let verifier = match key.secret {
            ApiKeySecret::Digest(digest) => Verifier::Digest(digest),
            ApiKeySecret::Sealed(sealed) => {
                let secret = ports.sealer.open(&context(key.id), &sealed)?;
                let secret = <[u8; 32]>::try_from(secret).map_err(|_| "a secret of an API key has 32 bytes")?;
                Verifier::Signature(Hmac::new_from_slice(text(key.id, &Secret::new(secret)).as_bytes())?)
            }
        };
        Ok(Self {
            id: key.id,
            user_id: key.user_id,
            scopes: key.scopes,
            networks: key.networks,
            expires_at: key.expires_at,
            verifier,
            seen_at: now,
            used_at: AtomicI64::new(key.last_used_at.map_or(i64::MIN, Timestamp::as_micros)),
        })
    }

    /// Whether this use is to be recorded: the last one that was is long ago. Of several at once, one is.
    pub(super) fn begins_to_record(&self, now: Timestamp, interval: std::time::Duration) -> bool {
        let last = self.used_at.load(Ordering::Relaxed);
        let is_due = last == i64::MIN || now.since(Timestamp::from_micros(last)) >= interval;
        is_due && self.used_at.compare_exchange(last, now.as_micros(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
