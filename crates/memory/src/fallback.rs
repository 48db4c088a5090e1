use std::{num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{Cache, CacheError, Rate, Taken};

/// The cache that nodes share, and while that is unavailable, another one of this node.
pub struct FallbackCache {
    shared: Arc<dyn Cache>,
    own: Arc<dyn Cache>,
}

impl FallbackCache {
    /// Answers from `shared`, or else from `own`.
    #[must_use]
    pub fn new(shared: Arc<dyn Cache>, own: Arc<dyn Cache>) -> Self {
        Self { shared, own }
    }
}

#[async_trait]
impl Cache for FallbackCache {
    async fn check(&self) -> Result<(), CacheError> {
        self.shared.check().await
    }

    async fn claim(&self, holder: &str, name: &str, ttl: Duration) -> Result<bool, CacheError> {
        match self.shared.claim(holder, name, ttl).await {
            Err(_) => self.own.claim(holder, name, ttl).await,
            claimed => claimed,
        }
    }

    async fn take(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<Taken, CacheError> {
        match self.shared.take(name, rate, uses).await {
            Err(_) => self.own.take(name, rate, uses).await,
            taken => taken,
        }
    }

    async fn give_back(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<(), CacheError> {
        match self.shared.give_back(name, rate, uses).await {
            Err(_) => self.own.give_back(name, rate, uses).await,
            given => given,
        }
    }

    async fn put(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError> {
        match self.shared.put(name, value, ttl).await {
            Err(_) => self.own.put(name, value, ttl).await,
            put => put,
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CacheError> {
        match self.shared.get(name).await {
            Err(_) => self.own.get(name).await,
            value => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::Timestamp;

    use super::*;
    use crate::{FixedClock, MemoryCache};

    /// A cache that is unavailable.
    struct Away;

    fn away<T>() -> Result<T, CacheError> {
        Err(CacheError { source: "away".into() })
    }

    #[async_trait]
    impl Cache for Away {
        async fn check(&self) -> Result<(), CacheError> {
            away()
        }

        async fn claim(&self, _: &str, _: &str, _: Duration) -> Result<bool, CacheError> {
            away()
        }

        async fn take(&self, _: &str, _: &Rate, _: NonZeroU32) -> Result<Taken, CacheError> {
            away()
        }

        async fn give_back(&self, _: &str, _: &Rate, _: NonZeroU32) -> Result<(), CacheError> {
            away()
        }

        async fn put(&self, _: &str, _: &[u8], _: Duration) -> Result<(), CacheError> {
            away()
        }

        async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, CacheError> {
            away()
        }
    }

    #[tokio::test]
    async fn limits_hold_while_the_shared_cache_is_away() {
        let minute = Duration::from_mins(1);
        let own = MemoryCache::new(Arc::new(FixedClock::at(Timestamp::from_micros(0))));
        let cache = FallbackCache::new(Arc::new(Away), Arc::new(own));
        cache.check().await.expect_err("a node tells that the shared cache is away");
        for is_first in [true, false] {
            assert_eq!(cache.claim("holder", "a", minute).await.expect("an answer"), is_first);
            let taken = cache.take("a", &Rate::new(NonZeroU32::MIN, minute), NonZeroU32::MIN).await;
            assert_eq!(taken.expect("an answer").allowed, is_first);
        }
        let rate = Rate::new(NonZeroU32::MIN, minute);
        cache.give_back("a", &rate, NonZeroU32::MIN).await.expect("an answer");
        assert!(cache.take("a", &rate, NonZeroU32::MIN).await.expect("an answer").allowed);
        cache.put("a", b"x", minute).await.expect("an answer");
        assert_eq!(cache.get("a").await.expect("an answer").as_deref(), Some(&b"x"[..]));
    }
}
