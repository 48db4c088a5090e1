use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use memo_domain::{Cache, CacheError, Clock, Rate, Taken, Timestamp};

use crate::claims::Claims;

/// How many claims, how many rates and how many values are kept at most.
const CAPACITY: usize = 100_000;

/// The cache of a single node. Its memory is bounded: if it is full, expired entries make room, then those that expire first;
/// of claims, those of the holders with the most.
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    claims: Mutex<Claims>,
    /// The theoretical arrival time (GCRA) of each name is when its entry expires.
    rates: Mutex<Entries<()>>,
    values: Mutex<Entries<Vec<u8>>>,
}

impl MemoryCache {
    /// An empty cache, whose entries expire by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_capacity(clock, CAPACITY)
    }

    fn with_capacity(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        Self {
            clock,
            claims: Mutex::new(Claims::new(capacity)),
            rates: Mutex::new(Entries::new(capacity)),
            values: Mutex::new(Entries::new(capacity)),
        }
    }
}

/// Entries that expire.
struct Entries<T> {
    capacity: usize,
    by_name: HashMap<String, (Timestamp, T)>,
}

impl<T> Entries<T> {
    fn new(capacity: usize) -> Self {
        Self { capacity, by_name: HashMap::new() }
    }

    fn get(&self, name: &str, now: Timestamp) -> Option<&(Timestamp, T)> {
        self.by_name.get(name).filter(|(end, _)| now < *end)
    }

    fn insert(&mut self, name: &str, end: Timestamp, value: T, now: Timestamp) {
        if self.by_name.len() >= self.capacity && !self.by_name.contains_key(name) {
            self.make_room(now);
        }
        self.by_name.insert(name.to_owned(), (end, value));
    }

    /// Removes expired entries, and if they are few, also those that expire first: an eighth of all, so that the cost per
    /// insert stays constant.
    fn make_room(&mut self, now: Timestamp) {
        let kept = self.capacity - self.capacity.div_ceil(8);
        self.by_name.retain(|_, (end, _)| now < *end);
        if self.by_name.len() <= kept {
            return;
        }
        let mut ends: Vec<_> = self.by_name.values().map(|(end, _)| *end).collect();
        let surplus = ends.len() - kept;
        let (_, last, _) = ends.select_nth_unstable(surplus - 1);
        let (last, mut surplus) = (*last, surplus);
        self.by_name.retain(|_, (end, _)| {
            let is_removed = *end <= last && surplus > 0;
            surplus -= usize::from(is_removed);
            !is_removed
        });
    }
}

fn lock<T>(entries: &Mutex<T>) -> MutexGuard<'_, T> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Cache for MemoryCache {
    async fn check(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn claim(&self, holder: &str, name: &str, ttl: Duration) -> Result<bool, CacheError> {
        let now = self.clock.now();
        Ok(lock(&self.claims).claim(holder, name, now + ttl, now))
    }

    async fn take(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<Taken, CacheError> {
        let now = self.clock.now();
        let mut rates = lock(&self.rates);
        // Later than the burst it is only if the quota was greater before.
        let arrival = rates.get(name, now).map_or(now, |(arrival, ())| (*arrival).min(now + rate.burst()));
        let next = arrival + rate.cost(uses);
        let reset_after = next.since(now);
        let retry_after = reset_after.saturating_sub(rate.burst());
        if !retry_after.is_zero() {
            return Ok(Taken::new(rate, arrival.since(now), retry_after));
        }
        rates.insert(name, next, (), now);
        Ok(Taken::new(rate, reset_after, retry_after))
    }

    async fn give_back(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<(), CacheError> {
        let now = self.clock.now();
        let mut rates = lock(&self.rates);
        let left = rates.get(name, now).map(|(arrival, ())| arrival.since(now).saturating_sub(rate.cost(uses)));
        match left {
            Some(left) if !left.is_zero() => rates.insert(name, now + left, (), now),
            // As if it had never been used, also if the clock is set back.
            _ => drop(rates.by_name.remove(name)),
        }
        Ok(())
    }

    async fn put(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError> {
        let now = self.clock.now();
        lock(&self.values).insert(name, now + ttl, value.to_vec(), now);
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let now = self.clock.now();
        Ok(lock(&self.values).get(name, now).map(|(_, value)| value.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedClock;

    const MINUTE: Duration = Duration::from_mins(1);

    fn cache(capacity: usize) -> (MemoryCache, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
        (MemoryCache::with_capacity(clock.clone(), capacity), clock)
    }

    #[tokio::test]
    async fn a_claim_ends_to_the_microsecond() {
        let (cache, clock) = cache(CAPACITY);
        let claim = async || cache.claim("holder", "a", MINUTE).await.expect("an answer");
        assert!(claim().await && !claim().await);
        let end = Timestamp::from_micros(0) + MINUTE;
        clock.set(Timestamp::from_micros(end.as_micros() - 1));
        assert!(!claim().await);
        clock.set(end);
        assert!(claim().await && !claim().await);
    }

    #[tokio::test]
    async fn a_use_is_regained_to_the_microsecond() {
        let (cache, clock) = cache(CAPACITY);
        let rate = Rate::new(NonZeroU32::new(3).expect("a quota"), Duration::from_secs(1));
        let take = async || cache.take("a", &rate, NonZeroU32::MIN).await.expect("an answer");
        for remaining in [2, 1, 0] {
            let taken = take().await;
            assert_eq!((taken.allowed, taken.remaining), (true, remaining));
        }
        for passed in [0, 333_333] {
            clock.set(Timestamp::from_micros(passed));
            let micros = u64::try_from(passed).expect("positive");
            let refused = take().await;
            assert_eq!((refused.allowed, refused.remaining), (false, 0));
            assert_eq!(refused.retry_after, Duration::from_micros(333_334 - micros));
            assert_eq!(refused.reset_after, Duration::from_micros(1_000_002 - micros));
        }
        clock.set(Timestamp::from_micros(333_334));
        assert!(take().await.allowed);
        assert_eq!(take().await.retry_after, Duration::from_micros(333_334));
    }

    #[tokio::test]
    async fn expired_entries_make_room_first() {
        let (cache, clock) = cache(1_000);
        let put = async |name: String, ttl| cache.put(&name, b"x", ttl).await.expect("an answer");
        for n in 0..900 {
            put(format!("expired {n}"), MINUTE).await;
        }
        for n in 0..100 {
            put(format!("live {n}"), MINUTE * 9).await;
        }
        clock.advance(MINUTE);
        put("new".to_owned(), MINUTE).await;
        assert_eq!(lock(&cache.values).by_name.len(), 101);
        for n in 0..100 {
            assert!(cache.get(&format!("live {n}")).await.expect("an answer").is_some(), "{n}");
        }
    }

    #[tokio::test]
    async fn memory_is_bounded_by_the_entries_that_expire_first() {
        let (cache, _) = cache(800);
        for n in 0..10_000_u32 {
            cache.put(&n.to_string(), b"x", MINUTE + Duration::from_secs(n.into())).await.expect("an answer");
            assert!(lock(&cache.values).by_name.len() <= 800);
        }
        for n in 9_300..10_000 {
            assert!(cache.get(&n.to_string()).await.expect("an answer").is_some(), "{n}");
        }
    }
}
