use std::{num::NonZeroU32, time::Duration};

use async_trait::async_trait;
use memo_domain::{Cache, CacheError, Rate, Taken};
use redis::{ExistenceCheck, RedisError, SetExpiry, SetOptions, cmd};

use super::Redis;

/// GCRA by the time of the server, in microseconds: the key holds the theoretical arrival time, and expires then.
///
/// Arguments: the cost of the uses and the burst. Returns the time until the reset, and the wait (0 if the use is allowed).
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or now), now), now + burst)
local wait = arrival + cost - burst - now
if wait > 0 then
    return {arrival - now, wait}
end
local reset = arrival + cost - now
redis.call('SET', KEYS[1], string.format('%.0f', now + reset), 'PX', math.ceil(reset / 1000))
return {reset, 0}
";

/// Gives uses back. Argument: their cost.
const GIVE_BACK: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local reset = tonumber(redis.call('GET', KEYS[1]) or now) - tonumber(ARGV[1]) - now
if reset > 0 then
    redis.call('SET', KEYS[1], string.format('%.0f', now + reset), 'PX', math.ceil(reset / 1000))
else
    redis.call('DEL', KEYS[1])
end
";

/// How long the value of a check stays.
const CHECK: Duration = Duration::from_secs(1);

/// The cache of all nodes that share a Redis.
pub struct RedisCache {
    redis: Redis,
}

impl RedisCache {
    /// A cache in this part of a server.
    #[must_use]
    pub const fn new(redis: Redis) -> Self {
        Self { redis }
    }

    async fn try_claim(&self, name: &str, ttl: Duration) -> Result<bool, RedisError> {
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(expiry(ttl));
        let name = self.redis.name(format_args!("claim:{name}"));
        // `OK`, or nil if the key exists.
        let set: Option<String> = self.redis.query(cmd("SET").arg(name).arg("").arg(options)).await?;
        Ok(set.is_some())
    }

    async fn try_take(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<Taken, RedisError> {
        let mut command = cmd("EVAL");
        command.arg(TAKE).arg(1).arg(self.redis.name(format_args!("rate:{name}")));
        command.arg(micros(rate.cost(uses))).arg(micros(rate.burst()));
        let (reset, wait): (u64, u64) = self.redis.query(&command).await?;
        Ok(Taken::new(rate, Duration::from_micros(reset), Duration::from_micros(wait)))
    }

    async fn try_give_back(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<(), RedisError> {
        let mut command = cmd("EVAL");
        command.arg(GIVE_BACK).arg(1).arg(self.redis.name(format_args!("rate:{name}"))).arg(micros(rate.cost(uses)));
        self.redis.query(&command).await
    }

    async fn try_put(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), RedisError> {
        let name = self.redis.name(format_args!("value:{name}"));
        let options = SetOptions::default().with_expiration(expiry(ttl));
        self.redis.query(cmd("SET").arg(name).arg(value).arg(options)).await
    }
}

/// The nearest expiry that Redis accepts.
pub(super) fn expiry(duration: Duration) -> SetExpiry {
    SetExpiry::PX(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, u64::from(u32::MAX) * 1_000))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn unavailable(error: RedisError) -> CacheError {
    CacheError { source: error.into() }
}

#[async_trait]
impl Cache for RedisCache {
    async fn check(&self) -> Result<(), CacheError> {
        // A server that can be read only is of no use.
        self.try_put("check", &[], CHECK).await.map_err(unavailable)
    }

    async fn claim(&self, _: &str, name: &str, ttl: Duration) -> Result<bool, CacheError> {
        self.try_claim(name, ttl).await.map_err(unavailable)
    }

    async fn take(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<Taken, CacheError> {
        self.try_take(name, rate, uses).await.map_err(unavailable)
    }

    async fn give_back(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<(), CacheError> {
        self.try_give_back(name, rate, uses).await.map_err(unavailable)
    }

    async fn put(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError> {
        self.try_put(name, value, ttl).await.map_err(unavailable)
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let name = self.redis.name(format_args!("value:{name}"));
        self.redis.query(cmd("GET").arg(name)).await.map_err(unavailable)
    }
}
