use std::{num::NonZeroU32, sync::Arc, time::Duration};

use memo_domain::{Cache, Rate, Taken};
use tokio::task::JoinSet;

use crate::TestCache;

/// Longer than a case takes.
const LONG: Duration = Duration::from_hours(1);
/// How long entries last that a case waits for.
const SHORT: Duration = Duration::from_millis(300);
/// Names that an adapter may confuse.
const NAMES: [&str; 9] = ["", "a", "A", "á", "a\0", "a:b", "a b", "a\r\nb", "회의"];

fn rate(quota: u32, window: Duration) -> Rate {
    Rate::new(NonZeroU32::new(quota).expect("a quota"), window)
}

async fn claim(cache: &dyn Cache, name: &str) -> bool {
    cache.claim("holder", name, LONG).await.expect("the cache answers")
}

async fn take(cache: &dyn Cache, name: &str, rate: &Rate) -> Taken {
    cache.take(name, rate, NonZeroU32::MIN).await.expect("the cache answers")
}

async fn put(cache: &dyn Cache, name: &str, value: &[u8], ttl: Duration) {
    cache.put(name, value, ttl).await.expect("the cache answers");
}

async fn get(cache: &dyn Cache, name: &str) -> Option<Vec<u8>> {
    cache.get(name).await.expect("the cache answers")
}

pub(crate) async fn a_cache_passes_its_check(given: Box<dyn TestCache>) {
    given.cache().check().await.expect("the cache answers");
}

pub(crate) async fn a_name_is_claimed_once(given: Box<dyn TestCache>) {
    let cache = given.cache();
    assert!(claim(&*cache, "sequential").await);
    assert!(!claim(&*cache, "sequential").await && !claim(&*cache, "sequential").await);
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let cache = cache.clone();
        tasks.spawn(async move { claim(&*cache, "concurrent").await });
    }
    let claimed = tasks.join_all().await;
    assert_eq!(claimed.into_iter().filter(|claimed| *claimed).count(), 1);
}

pub(crate) async fn names_are_claimed_apart(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let long = "x".repeat(1_000);
    for name in NAMES.into_iter().chain([&*long, &*format!("{long}y")]) {
        assert!(claim(&*cache, name).await, "{name:?}");
        assert!(!claim(&*cache, name).await, "{name:?}");
    }
}

pub(crate) async fn a_claim_ends(given: Box<dyn TestCache>) {
    let cache = given.cache();
    assert!(cache.claim("holder", "short", SHORT).await.expect("the cache answers"));
    assert!(claim(&*cache, "long").await);
    given.elapse(SHORT).await;
    assert!(claim(&*cache, "short").await && !claim(&*cache, "short").await);
    assert!(!claim(&*cache, "long").await);
}

/// Asserts that a time is this one, less at most the time that a case takes.
#[track_caller]
fn assert_about(time: Duration, expected: Duration) {
    assert!(time <= expected && time + Duration::from_mins(1) > expected, "{time:?} is not about {expected:?}");
}

pub(crate) async fn a_quota_is_taken_at_once(given: Box<dyn TestCache>) {
    let cache = given.cache();
    for (name, quota) in [("one", 1), ("five", 5), ("seven", 7)] {
        let rate = rate(quota, LONG);
        for number in 1..=quota {
            let taken = take(&*cache, name, &rate).await;
            assert_eq!((taken.allowed, taken.remaining), (true, quota - number), "{name}: {number}");
            assert_eq!(taken.retry_after, Duration::ZERO);
            assert_about(taken.reset_after, rate.interval() * number);
        }
        for _ in 0..2 {
            let refused = take(&*cache, name, &rate).await;
            assert_eq!((refused.allowed, refused.remaining), (false, 0), "{name}");
            assert_about(refused.retry_after, rate.interval());
            assert_about(refused.reset_after, rate.burst());
        }
    }
}

pub(crate) async fn a_take_may_count_as_several_uses(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let rate = rate(10, LONG);
    let take = async |uses| {
        let uses = NonZeroU32::new(uses).expect("a number of uses");
        cache.take("a", &rate, uses).await.expect("the cache answers")
    };
    let taken = take(7).await;
    assert_eq!((taken.allowed, taken.remaining), (true, 3));
    let refused = take(4).await;
    assert_eq!((refused.allowed, refused.remaining), (false, 3), "not one of the four is counted");
    assert_about(refused.retry_after, rate.interval());
    assert_eq!(take(3).await.remaining, 0);
    let all = async |name| {
        let uses = NonZeroU32::new(1_000).expect("a number of uses");
        cache.take(name, &rate, uses).await.expect("the cache answers")
    };
    let taken = all("b").await;
    assert_eq!((taken.allowed, taken.remaining), (true, 0), "more uses than the quota count as the quota");
    assert!(!all("b").await.allowed);
}

pub(crate) async fn a_refused_take_is_not_counted(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let rate = rate(2, SHORT * 2);
    while take(&*cache, "a", &rate).await.allowed {}
    for _ in 0..100 {
        take(&*cache, "a", &rate).await;
    }
    given.elapse(rate.burst()).await;
    let taken = take(&*cache, "a", &rate).await;
    assert_eq!((taken.allowed, taken.remaining), (true, 1));
}

pub(crate) async fn a_use_is_regained_every_interval(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let rate = rate(4, Duration::from_secs(4));
    for _ in 0..4 {
        assert!(take(&*cache, "a", &rate).await.allowed);
    }
    let mut refused = take(&*cache, "a", &rate).await;
    for _ in 0..2 {
        if !refused.allowed {
            given.elapse(refused.retry_after).await;
            let taken = take(&*cache, "a", &rate).await;
            assert!(taken.allowed, "after {refused:?}");
            // The whole burst is used again, less the time by which this take is late, which may be 3 s.
            assert!(taken.reset_after > rate.interval(), "only one use is regained: {taken:?} after {refused:?}");
        }
        refused = take(&*cache, "a", &rate).await;
    }
    assert!(refused.retry_after <= rate.interval(), "{refused:?}");
}

pub(crate) async fn uses_given_back_can_be_taken_again(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let rate = rate(3, LONG);
    let give_back = async |uses| {
        let uses = NonZeroU32::new(uses).expect("a number of uses");
        cache.give_back("a", &rate, uses).await.expect("the cache answers");
    };
    give_back(1).await;
    for given_back in [1, 2, 3, 100] {
        while take(&*cache, "a", &rate).await.allowed {}
        give_back(given_back).await;
        for left in (0..given_back.min(3)).rev() {
            let taken = take(&*cache, "a", &rate).await;
            assert_eq!((taken.allowed, taken.remaining), (true, left), "{given_back} given back");
        }
        assert!(!take(&*cache, "a", &rate).await.allowed, "{given_back} given back");
    }
}

pub(crate) async fn concurrent_takes_share_one_quota(given: Box<dyn TestCache>) {
    let rate = rate(20, LONG);
    let mut tasks = JoinSet::new();
    for _ in 0..60 {
        let cache: Arc<dyn Cache> = given.cache();
        tasks.spawn(async move { take(&*cache, "a", &rate).await });
    }
    let taken = tasks.join_all().await;
    let mut remaining: Vec<_> = taken.iter().filter(|taken| taken.allowed).map(|taken| taken.remaining).collect();
    remaining.sort_unstable();
    assert_eq!(remaining, (0..20).collect::<Vec<_>>());
}

pub(crate) async fn a_smaller_quota_applies_at_once(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let (great, small) = (rate(100, LONG * 100), rate(2, LONG));
    for _ in 0..50 {
        assert!(take(&*cache, "a", &great).await.allowed);
    }
    let refused = take(&*cache, "a", &small).await;
    assert!(!refused.allowed);
    assert_about(refused.retry_after, small.interval());
    assert_about(refused.reset_after, small.burst());
}

pub(crate) async fn a_value_reads_back_equal(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let large = all.repeat(1_000);
    for name in NAMES {
        assert_eq!(get(&*cache, name).await, None, "{name:?}");
        for value in [&all, &b"\0"[..], &large, b""] {
            put(&*cache, name, value, LONG).await;
            assert!(get(&*cache, name).await.as_deref() == Some(value), "{name:?}: {} bytes", value.len());
        }
        put(&*cache, name, name.as_bytes(), LONG).await;
    }
    for name in NAMES {
        assert_eq!(get(&*cache, name).await.as_deref(), Some(name.as_bytes()), "{name:?}");
    }
}

pub(crate) async fn a_value_ends(given: Box<dyn TestCache>) {
    let cache = given.cache();
    put(&*cache, "short", b"1", SHORT).await;
    put(&*cache, "shortened", b"1", LONG).await;
    put(&*cache, "shortened", b"2", SHORT).await;
    put(&*cache, "prolonged", b"1", SHORT).await;
    put(&*cache, "prolonged", b"2", LONG).await;
    given.elapse(SHORT).await;
    assert_eq!(get(&*cache, "short").await, None);
    assert_eq!(get(&*cache, "shortened").await, None);
    assert_eq!(get(&*cache, "prolonged").await.as_deref(), Some(&b"2"[..]));
}

pub(crate) async fn claims_rates_and_values_are_apart(given: Box<dyn TestCache>) {
    let cache = given.cache();
    let rate = rate(1, LONG);
    put(&*cache, "a", b"value", LONG).await;
    assert!(claim(&*cache, "a").await && take(&*cache, "a", &rate).await.allowed);
    assert_eq!(get(&*cache, "a").await.as_deref(), Some(&b"value"[..]));
    assert!(!claim(&*cache, "a").await && !take(&*cache, "a", &rate).await.allowed);
    assert!(claim(&*cache, "b").await);
    assert_eq!(get(&*cache, "b").await, None);
}
