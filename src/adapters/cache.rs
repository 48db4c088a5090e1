//! What nodes share for a short time: the scheme of `cache.url` selects the adapters.

use std::sync::Arc;

use memo_domain::{BrowserSessions, Cache, Clock, Events, Store};
use memo_memory::{FallbackCache, MemoryCache, MemoryEvents};

use crate::{Settings, StartError};

/// The adapters of one `cache.url`.
pub struct Cached {
    pub cache: Arc<dyn Cache>,
    /// `None` if the store alone keeps the sessions of browsers.
    pub browser_sessions: Option<Arc<dyn BrowserSessions>>,
    pub events: Arc<dyn Events>,
    /// Whether the events are also those of other nodes.
    pub has_peers: bool,
}

/// Returns the adapters of a single node, or those of a node that shares a Redis with others.
///
/// # Errors
/// [`StartError`] if the setting is invalid. An unreachable Redis is no error.
pub fn shared(settings: &Settings, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> Result<Cached, StartError> {
    if is_local(settings) {
        return Ok(Cached {
            cache: Arc::new(MemoryCache::new(clock.clone())),
            browser_sessions: None,
            events: Arc::new(MemoryEvents::new()),
            has_peers: false,
        });
    }
    redis::shared(settings, store)
}

/// Returns what counts in this cache, or while that is unavailable, in the memory of this node.
pub fn counters(cache: Arc<dyn Cache>, clock: &Arc<dyn Clock>) -> Arc<dyn Cache> {
    Arc::new(FallbackCache::new(cache, Arc::new(MemoryCache::new(clock.clone()))))
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

    use super::{Arc, Cache, Cached, Settings, StartError, Store};

    pub fn shared(settings: &Settings, store: &Arc<dyn Store>) -> Result<Cached, StartError> {
        let redis = client(settings)?;
        Ok(Cached {
            cache: Arc::new(RedisCache::new(redis.clone())),
            browser_sessions: Some(Arc::new(RedisBrowserSessions::new(redis.clone(), store.clone()))),
            events: Arc::new(RedisEvents::new(redis)),
            has_peers: true,
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
    use super::{Arc, Cache, Cached, Settings, StartError, Store};

    pub fn shared(_: &Settings, _: &Arc<dyn Store>) -> Result<Cached, StartError> {
        Err(not_built_in())
    }

    pub fn cache(_: &Settings) -> Result<Arc<dyn Cache>, StartError> {
        Err(not_built_in())
    }

    fn not_built_in() -> StartError {
        StartError::not_built_in("cache.url: Redis", "redis")
    }
}
