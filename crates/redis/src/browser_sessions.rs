use std::{fmt, sync::Arc};

use async_trait::async_trait;
use memo_domain::{Access, BrowserSessions, SecretDigest, Session, SessionId, Store, StoreError, Timestamp, UserId};
use redis::{ExistenceCheck, RedisError, SetOptions, cmd};

use super::{Redis, cache::expiry};

/// Cookie sessions: Redis has the time of the last use and the expiry, under the digest of the cookie's secret and until the
/// expiry. The store has the rest, and decides whether a session has ended; it is not written to when a cookie is used.
pub struct RedisBrowserSessions {
    redis: Redis,
    store: Arc<dyn Store>,
}

/// The value in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    id: SessionId,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

impl RedisBrowserSessions {
    /// Returns the sessions of this store.
    #[must_use]
    pub const fn new(redis: Redis, store: Arc<dyn Store>) -> Self {
        Self { redis, store }
    }

    fn key(&self, cookie: &SecretDigest) -> String {
        self.redis.name(format_args!("cookie:{}", Hex(cookie.as_bytes())))
    }

    async fn get(&self, cookie: &SecretDigest) -> Result<Option<Entry>, RedisError> {
        let text: Option<String> = self.redis.query(cmd("GET").arg(self.key(cookie))).await?;
        Ok(text.as_deref().and_then(Entry::parse))
    }

    async fn get_all(&self, cookies: &[SecretDigest]) -> Result<Vec<Option<Entry>>, RedisError> {
        if cookies.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = cookies.iter().map(|cookie| self.key(cookie)).collect();
        let texts: Vec<Option<String>> = self.redis.query(cmd("MGET").arg(keys)).await?;
        Ok(texts.into_iter().map(|text| text.as_deref().and_then(Entry::parse)).collect())
    }

    /// Writes an entry; with `only_existing`, only if there is one. Returns whether it was written.
    async fn set(&self, cookie: &SecretDigest, entry: Entry, only_existing: bool) -> Result<bool, RedisError> {
        let mut options = SetOptions::default().with_expiration(expiry(entry.expires_at.since(entry.last_seen_at)));
        if only_existing {
            options = options.conditional_set(ExistenceCheck::XX);
        }
        let mut command = cmd("SET");
        command.arg(self.key(cookie)).arg(entry.to_string()).arg(options);
        let set: Option<String> = self.redis.query(&command).await?;
        Ok(set.is_some())
    }
}

#[async_trait]
impl BrowserSessions for RedisBrowserSessions {
    async fn prepare(&self, session: &Session) -> Result<Session, StoreError> {
        let Some(cookie) = session.cookie else { return Ok(session.clone()) };
        self.set(&cookie, Entry::new(session), false).await.map_err(unavailable)?;
        Ok(Session { expires_at: session.ends_at_latest(), ..session.clone() })
    }

    async fn find_by_cookie(&self, cookie: &SecretDigest) -> Result<Option<Session>, StoreError> {
        let Some(entry) = self.get(cookie).await.map_err(unavailable)? else { return Ok(None) };
        let session = self.store.begin(Access::Read).await?.sessions().lookup(entry.id).await?;
        Ok(session.filter(|session| session.cookie == Some(*cookie)).map(|session| entry.apply(session)))
    }

    async fn list_live(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let sessions = self.store.begin(Access::Read).await?.sessions().list_live(user, now).await?;
        let cookies: Vec<_> = sessions.iter().filter_map(|session| session.cookie).collect();
        let mut entries = self.get_all(&cookies).await.map_err(unavailable)?.into_iter();
        let current = sessions.into_iter().filter_map(|session| match session.cookie {
            Some(_) => entries.next().flatten().map(|entry| entry.apply(session)),
            None => Some(session),
        });
        Ok(current.filter(|session| session.is_live(now)).collect())
    }

    async fn touch(&self, cookie: &SecretDigest, at: Timestamp, expires_at: Timestamp) -> Result<bool, StoreError> {
        let found = self.find_by_cookie(cookie).await?;
        let Some(mut session) = found.filter(|session| session.is_live(at)) else { return Ok(false) };
        session.touch(at, expires_at);
        self.set(cookie, Entry::new(&session), true).await.map_err(unavailable)
    }
}

impl Entry {
    const fn new(session: &Session) -> Self {
        Self { id: session.id, last_seen_at: session.last_seen_at, expires_at: session.expires_at }
    }

    fn apply(self, session: Session) -> Session {
        // A write to Redis cannot extend a session beyond its expiry in the store.
        let expires_at = self.expires_at.min(session.expires_at);
        Session { last_seen_at: self.last_seen_at, expires_at, ..session }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let id = SessionId::parse(parts.next()?).ok()?;
        let mut time = || Some(Timestamp::from_micros(parts.next()?.parse().ok()?));
        Some(Self { id, last_seen_at: time()?, expires_at: time()? })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.id, self.last_seen_at.as_micros(), self.expires_at.as_micros())
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn unavailable(error: RedisError) -> StoreError {
    StoreError::Unavailable { source: error.into() }
}
