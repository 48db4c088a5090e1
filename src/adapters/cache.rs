//! What nodes share for a short time: the scheme of `cache.url` selects the adapters.

use std::sync::Arc;

use memo_application::{Background, LiveSessions};
use memo_domain::{BrowserSessions, Cache, Clock, Store};
use memo_memory::{MemoryCache, MemoryEvents};

use crate::{Settings, StartError};

/// The adapters of one `cache.url`.
pub struct Cached {
    pub cache: Arc<dyn Cache>,
    /// `None` if the store alone keeps the sessions of browsers.
    pub browser_sessions: Option<Arc<dyn BrowserSessions>>,
    pub live: Arc<LiveSessions>,
}

/// Returns the adapters of a single node, or those of a node that shares a Redis with others.
///
/// # Errors
/// [`StartError`] if the setting is invalid. An unreachable Redis is no error.
pub fn shared(
    settings: &Settings,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    background: &Arc<dyn Background>,
) -> Result<Cached, StartError> {
    if is_local(settings) {
        return Ok(Cached {
            cache: Arc::new(MemoryCache::new(clock.clone())),
            browser_sessions: None,
            live: Arc::new(LiveSessions::among(Arc::new(MemoryEvents::new()), background.clone())),
        });
    }
    redis::shared(settings, store, background)
}

/// Returns the cache alone.
///
/// # Errors
/// Those of [`shared`].
pub fn cache(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Cache>, StartError> {
    if is_local(settings) {
        return Ok(Arc::new(MemoryCache::new(clock.clone())));
    }
    redis::cache(settings)
}

fn is_local(settings: &Settings) -> bool {
    settings.cache.url.expose() == "memory:"
}

#[cfg(feature = "redis")]
mod redis {
    use memo_redis::{Redis, RedisBrowserSessions, RedisCache, RedisEvents};

    use super::{Arc, Background, Cache, Cached, LiveSessions, Settings, StartError, Store};

    pub fn shared(
        settings: &Settings,
        store: &Arc<dyn Store>,
        background: &Arc<dyn Background>,
    ) -> Result<Cached, StartError> {
        let redis = client(settings)?;
        Ok(Cached {
            cache: Arc::new(RedisCache::new(redis.clone())),
            browser_sessions: Some(Arc::new(RedisBrowserSessions::new(redis.clone(), store.clone()))),
            live: Arc::new(LiveSessions::among(Arc::new(RedisEvents::new(redis)), background.clone())),
        })
    }

    pub fn cache(settings: &Settings) -> Result<Arc<dyn Cache>, StartError> {
        Ok(Arc::new(RedisCache::new(client(settings)?)))
    }

    fn client(settings: &Settings) -> Result<Redis, StartError> {
        let redis = Redis::new(settings.cache.url.expose(), &settings.cache.prefix);
        redis.map_err(|error| StartError::setting(format!("cache.url: {error}")))
    }
}

#[cfg(not(feature = "redis"))]
mod redis {
    use super::{Arc, Background, Cache, Cached, Settings, StartError, Store};

    pub fn shared(_: &Settings, _: &Arc<dyn Store>, _: &Arc<dyn Background>) -> Result<Cached, StartError> {
        Err(not_built_in())
    }

    pub fn cache(_: &Settings) -> Result<Arc<dyn Cache>, StartError> {
        Err(not_built_in())
    }

    fn not_built_in() -> StartError {
        StartError::not_built_in("cache.url: Redis", "redis")
    }
}
