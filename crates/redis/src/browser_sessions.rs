use std::{fmt, sync::Arc};

use async_trait::async_trait;
use memo_domain::{Access, BrowserSessions, SecretDigest, Session, SessionId, Store, StoreError, Timestamp, UserId};
use redis::{AsyncCommands, ExistenceCheck, RedisError, SetOptions, cmd};

use super::{Redis, cache::expiry};

/// Keeps in Redis when a cookie was used last and how long it lives, under the digest of its secret, for no longer than it
/// lives. The store is told of neither, and so of no use; it has the rest, and says whether a sign-in was ended.
pub struct RedisBrowserSessions {
    redis: Redis,
    store: Arc<dyn Store>,
}

/// What Redis keeps of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    id: SessionId,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

impl RedisBrowserSessions {
    /// Beside this store.
    #[must_use]
    pub const fn new(redis: Redis, store: Arc<dyn Store>) -> Self {
        Self { redis, store }
    }

    fn name(&self, cookie: &SecretDigest) -> String {
        self.redis.name(format_args!("cookie:{}", Hex(cookie.as_bytes())))
    }

    async fn get(&self, cookie: &SecretDigest) -> Result<Option<Kept>, RedisError> {
        let text: Option<String> = self.redis.connection().get(self.name(cookie)).await?;
        Ok(text.as_deref().and_then(Kept::parse))
    }

    async fn get_all(&self, cookies: &[SecretDigest]) -> Result<Vec<Option<Kept>>, RedisError> {
        if cookies.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<_> = cookies.iter().map(|cookie| self.name(cookie)).collect();
        let texts: Vec<Option<String>> = self.redis.connection().mget(names).await?;
        Ok(texts.into_iter().map(|text| text.as_deref().and_then(Kept::parse)).collect())
    }

    /// Whether it was set: only what is there already, where that is asked for.
    async fn set(&self, cookie: &SecretDigest, kept: Kept, is_there: bool) -> Result<bool, RedisError> {
        let mut options = SetOptions::default().with_expiration(expiry(kept.expires_at.since(kept.last_seen_at)));
        if is_there {
            options = options.conditional_set(ExistenceCheck::XX);
        }
        let mut command = cmd("SET");
        command.arg(self.name(cookie)).arg(kept.to_string()).arg(options);
        let set: Option<String> = command.query_async(&mut self.redis.connection()).await?;
        Ok(set.is_some())
    }
}

#[async_trait]
impl BrowserSessions for RedisBrowserSessions {
    async fn prepare(&self, session: &Session) -> Result<Session, StoreError> {
        let Some(cookie) = session.cookie else { return Ok(session.clone()) };
        self.set(&cookie, Kept::of(session), false).await.map_err(unavailable)?;
        Ok(Session { expires_at: session.ends_at_latest(), ..session.clone() })
    }

    async fn find_by_cookie(&self, cookie: &SecretDigest) -> Result<Option<Session>, StoreError> {
        let Some(kept) = self.get(cookie).await.map_err(unavailable)? else { return Ok(None) };
        let session = self.store.begin(Access::Read).await?.sessions().lookup(kept.id).await?;
        Ok(session.filter(|session| session.cookie == Some(*cookie)).map(|session| kept.applied(session)))
    }

    async fn list_live(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let sessions = self.store.begin(Access::Read).await?.sessions().list_live(user, now).await?;
        let cookies: Vec<_> = sessions.iter().filter_map(|session| session.cookie).collect();
        let mut kept = self.get_all(&cookies).await.map_err(unavailable)?.into_iter();
        let current = sessions.into_iter().filter_map(|session| match session.cookie {
            Some(_) => kept.next().flatten().map(|kept| kept.applied(session)),
            None => Some(session),
        });
        Ok(current.filter(|session| session.is_live(now)).collect())
    }

    async fn touch(&self, cookie: &SecretDigest, at: Timestamp, expires_at: Timestamp) -> Result<bool, StoreError> {
        let found = self.find_by_cookie(cookie).await?;
        let Some(session) = found.filter(|session| session.is_live(at)) else { return Ok(false) };
        let used = Kept { id: session.id, last_seen_at: at, expires_at };
        self.set(cookie, used, true).await.map_err(unavailable)
    }
}

impl Kept {
    const fn of(session: &Session) -> Self {
        Self { id: session.id, last_seen_at: session.last_seen_at, expires_at: session.expires_at }
    }

    fn applied(self, session: Session) -> Session {
        // Whoever writes to Redis makes no sign-in last longer than the store lets it.
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

impl fmt::Display for Kept {
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
