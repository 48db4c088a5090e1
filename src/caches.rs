//! Where nodes share what they need not keep: the scheme of `cache.url` says.

use std::sync::Arc;

use memo_application::{Background, LiveSessions, StoredBrowserSessions};
use memo_domain::{BrowserSessions, Cache, Clock, Store};
use memo_memory::MemoryCache;
use memo_redis::{Redis, RedisBrowserSessions, RedisCache, RedisSessionEvents};

use crate::{Settings, StartError, ports::unusable};

/// What nodes share.
pub struct Caches {
    pub cache: Arc<dyn Cache>,
    pub browser_sessions: Arc<dyn BrowserSessions>,
    pub live: Arc<LiveSessions>,
}

/// A node of its own, or one of many that meet at a Redis.
///
/// # Errors
/// [`StartError`] where the setting can't be right; a Redis that is away is no error.
pub fn open(
    settings: &Settings,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    background: &Arc<dyn Background>,
) -> Result<Caches, StartError> {
    let redis = redis(settings)?;
    let cache = cache_of(redis.clone(), clock);
    Ok(match redis {
        None => Caches {
            cache,
            browser_sessions: Arc::new(StoredBrowserSessions::new(store.clone())),
            live: Arc::new(LiveSessions::new()),
        },
        Some(redis) => Caches {
            cache,
            browser_sessions: Arc::new(RedisBrowserSessions::new(redis.clone(), store.clone())),
            live: Arc::new(LiveSessions::among(Arc::new(RedisSessionEvents::new(redis)), background.clone())),
        },
    })
}

/// What all nodes share for a while.
///
/// # Errors
/// As those of [`open`].
pub fn cache(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Cache>, StartError> {
    Ok(cache_of(redis(settings)?, clock))
}

fn cache_of(redis: Option<Redis>, clock: &Arc<dyn Clock>) -> Arc<dyn Cache> {
    match redis {
        None => Arc::new(MemoryCache::new(clock.clone())),
        Some(redis) => Arc::new(RedisCache::new(redis)),
    }
}

fn redis(settings: &Settings) -> Result<Option<Redis>, StartError> {
    match settings.cache.url.expose() {
        "memory:" => Ok(None),
        url => {
            let redis = Redis::new(url, &settings.cache.prefix);
            redis.map(Some).map_err(|error| unusable(format!("settings: cache.url: {error}")))
        }
    }
}
