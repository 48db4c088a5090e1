use std::time::Duration;

use async_trait::async_trait;
use memo_domain::{Cache, CacheError};
use redis::{ExistenceCheck, RedisError, SetExpiry, SetOptions, cmd};

use super::Redis;

/// What all nodes share for a while.
pub struct RedisCache {
    redis: Redis,
}

impl RedisCache {
    /// Kept by this server.
    #[must_use]
    pub const fn new(redis: Redis) -> Self {
        Self { redis }
    }

    async fn set_first(&self, name: &str, lasting: Duration) -> Result<bool, RedisError> {
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(lasts(lasting));
        let mut connection = self.redis.connection();
        let name = self.redis.name(format_args!("claim:{name}"));
        // OK, or nothing where it is there already.
        let set: Option<String> = cmd("SET").arg(name).arg("").arg(options).query_async(&mut connection).await?;
        Ok(set.is_some())
    }
}

/// For as long as Redis takes, and no less than it takes.
pub(super) fn lasts(duration: Duration) -> SetExpiry {
    SetExpiry::PX(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, u64::from(u32::MAX) * 1_000))
}

#[async_trait]
impl Cache for RedisCache {
    async fn check(&self) -> Result<(), CacheError> {
        let ping = async || cmd("PING").exec_async(&mut self.redis.connection()).await;
        ping().await.map_err(|error: RedisError| CacheError { source: error.into() })
    }

    async fn claim(&self, name: &str, lasting: Duration) -> Result<bool, CacheError> {
        self.set_first(name, lasting).await.map_err(|error| CacheError { source: error.into() })
    }
}
