use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use memo_domain::{Cache, CacheError, Clock, Timestamp};

/// How many names are kept until those that are over are looked for.
const FEW: usize = 1_000;

/// A cache of one node.
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    claims: Mutex<Claims>,
}

struct Claims {
    ends: HashMap<String, Timestamp>,
    /// When there are as many, those that are over go: so that a claim costs the same however many there are.
    swept_at: usize,
}

impl MemoryCache {
    /// An empty one. Claims end by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, claims: Mutex::new(Claims { ends: HashMap::new(), swept_at: FEW }) }
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn check(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn claim(&self, name: &str, lasting: Duration) -> Result<bool, CacheError> {
        let now = self.clock.now();
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if claims.ends.get(name).is_some_and(|end| now < *end) {
            return Ok(false);
        }
        if claims.ends.len() >= claims.swept_at {
            let mut ends = mem::take(&mut claims.ends);
            ends.retain(|_, end| now < *end);
            claims.swept_at = FEW.max(ends.len() * 2);
            claims.ends = ends;
        }
        claims.ends.insert(name.to_owned(), now + lasting);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedClock;

    const WHILE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_claim_ends() {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
        let cache = MemoryCache::new(clock.clone());
        let claim = async || cache.claim("a", WHILE).await.expect("an answer");
        assert!(claim().await && !claim().await);
        let end = Timestamp::from_micros(0) + WHILE;
        clock.set(Timestamp::from_micros(end.as_micros() - 1));
        assert!(!claim().await);
        clock.set(end);
        assert!(claim().await && !claim().await);
    }

    #[tokio::test]
    async fn what_is_over_makes_room() {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
        let cache = MemoryCache::new(clock.clone());
        for round in 0..10 {
            for n in 0..FEW {
                assert!(cache.claim(&format!("{round} {n}"), WHILE).await.expect("an answer"));
            }
            clock.advance(WHILE);
        }
        assert!(cache.claims.lock().expect("the claims").ends.len() <= 2 * FEW);
    }
}
