//! Slows down addresses from which attempts at many accounts fail. Others may share them, so they are never refused.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use memo_domain::Timestamp;
use quick_cache::sync::Cache;

use super::WINDOW;
use crate::Timer;

/// At how many accounts attempts may fail in a window without a delay.
const FREE: usize = 20;
/// The delay per account beyond that.
const STEP: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(2);
/// How many accounts make the greatest delay.
const MAX_ACCOUNTS: usize = 40;
/// How many attempts are delayed at once; a delay of more would cost this server more than the attacker.
const MAX_DELAYED: usize = 1_000;
/// How many addresses are remembered.
const CAPACITY: usize = 20_000;

/// The accounts, as hashes, with the time of the last failure.
type Accounts = Arc<Mutex<Vec<(Timestamp, u64)>>>;

/// Delays attempts from addresses from which many others have failed; each node by itself.
pub struct SlowAddresses {
    failed: Cache<IpAddr, Accounts>,
    delayed: AtomicUsize,
}

impl SlowAddresses {
    pub fn new() -> Self {
        Self { failed: Cache::new(CAPACITY), delayed: AtomicUsize::new(0) }
    }

    /// Records that an attempt at an account failed.
    pub fn add(&self, address: IpAddr, account: &str, now: Timestamp) {
        let mut hasher = DefaultHasher::new();
        account.hash(&mut hasher);
        let hash = hasher.finish();
        let accounts =
            self.failed.get_or_insert_with::<_, std::convert::Infallible>(&address, || Ok(Accounts::default()));
        let Ok(accounts) = accounts;
        let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|(at, other)| now.since(*at) < WINDOW && *other != hash);
        if accounts.len() < MAX_ACCOUNTS {
            accounts.push((now, hash));
        }
    }

    /// Waits as long as an attempt from this address is delayed.
    pub async fn wait(&self, address: IpAddr, now: Timestamp, timer: &dyn Timer) {
        let delay = self.delay(address, now);
        if !delay.is_zero()
            && let Some(_place) = Place::take(&self.delayed)
        {
            timer.sleep(delay).await;
        }
    }

    fn delay(&self, address: IpAddr, now: Timestamp) -> Duration {
        let Some(accounts) = self.failed.get(&address) else { return Duration::ZERO };
        let accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = accounts.iter().filter(|(at, _)| now.since(*at) < WINDOW).count();
        STEP.saturating_mul(u32::try_from(recent.saturating_sub(FREE)).unwrap_or(u32::MAX)).min(MAX_DELAY)
    }
}

/// The place of a delayed attempt.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(delayed: &'a AtomicUsize) -> Option<Self> {
        let more = |places| (places < MAX_DELAYED).then_some(places + 1);
        delayed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(delayed))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn attempts_at_many_accounts_are_delayed_up_to_two_seconds() {
        let (addresses, now) = (SlowAddresses::new(), Timestamp::from_micros(0));
        for _ in 0..1_000 {
            addresses.add(ADDRESS, "a@example.com", now);
        }
        assert_eq!(addresses.delay(ADDRESS, now), Duration::ZERO, "one account is limited by itself");
        let mut delays = Vec::new();
        for number in 1..1_000 {
            addresses.add(ADDRESS, &format!("{number}@example.com"), now);
            delays.push(addresses.delay(ADDRESS, now).as_millis());
        }
        assert_eq!((delays[18], delays[19], delays[20]), (0, 100, 200));
        assert_eq!((delays[38], delays[998]), (2_000, 2_000));
        assert_eq!(addresses.delay([192, 0, 2, 2].into(), now), Duration::ZERO);
        assert_eq!(addresses.delay(ADDRESS, now + WINDOW), Duration::ZERO);
    }

    #[test]
    fn delayed_attempts_are_bounded() {
        let delayed = AtomicUsize::new(0);
        let mut places: Vec<_> = (0..MAX_DELAYED).map(|_| Place::take(&delayed).expect("a place")).collect();
        assert!(Place::take(&delayed).is_none());
        places.pop();
        assert!(Place::take(&delayed).is_some());
    }
}
