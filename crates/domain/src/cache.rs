use std::{num::NonZeroU32, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::Source;

/// Why the cache gave no answer.
#[derive(Debug, Error)]
#[error("the cache is unavailable")]
pub struct CacheError {
    /// The error of the driver.
    #[from]
    pub source: Source,
}

/// How often something may happen: a quota per window, all of which may be used at once.
///
/// It is enforced by the generic cell rate algorithm (GCRA): one use is regained every [`interval`](Self::interval).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    quota: NonZeroU32,
    interval: Duration,
}

impl Rate {
    /// `quota` uses per window. The interval between two uses is rounded up to whole microseconds.
    #[must_use]
    pub fn new(quota: NonZeroU32, window: Duration) -> Self {
        let micros = window.as_micros().div_ceil(u128::from(quota.get())).max(1);
        Self { quota, interval: Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)) }
    }

    /// The greatest number of uses at once.
    #[must_use]
    pub const fn quota(self) -> u32 {
        self.quota.get()
    }

    /// The time after which one use is regained.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// The time after which the whole quota is regained.
    #[must_use]
    pub const fn burst(self) -> Duration {
        self.interval.saturating_mul(self.quota.get())
    }

    /// The time after which this number of uses is regained, the whole quota at most.
    #[must_use]
    pub fn cost(self, uses: NonZeroU32) -> Duration {
        self.interval.saturating_mul(uses.min(self.quota).get())
    }
}

/// The answer to a [`take`](Cache::take).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether the rate allows this take. If not, it was not counted.
    pub allowed: bool,
    /// How many more uses are allowed at once.
    pub remaining: u32,
    /// The time until the whole quota is regained.
    pub reset_after: Duration,
    /// The time until the same take is allowed; zero if it was.
    pub retry_after: Duration,
}

impl Taken {
    /// The answer of an adapter that has found these times.
    #[must_use]
    pub fn new(rate: &Rate, reset_after: Duration, retry_after: Duration) -> Self {
        let free = rate.burst().saturating_sub(reset_after).as_nanos() / rate.interval().as_nanos();
        Self {
            allowed: retry_after.is_zero(),
            remaining: u32::try_from(free).unwrap_or(u32::MAX),
            reset_after,
            retry_after,
        }
    }

    /// The time until one more use is regained.
    #[must_use]
    pub fn next_use_after(&self, rate: &Rate) -> Duration {
        let used = rate.quota().saturating_sub(self.remaining).saturating_sub(1);
        self.reset_after.saturating_sub(rate.interval().saturating_mul(used))
    }
}

/// Short-lived data that all nodes share, and that may be lost.
///
/// # Contract
/// * `a_cache_passes_its_check`: [`check`](Self::check) MUST succeed while the cache is available.
/// * `a_name_is_claimed_once`: of any number of [`claim`](Self::claim)s of one name, sequential or concurrent, exactly one
///   MUST return `true`.
/// * `names_are_claimed_apart`: a claim MUST NOT affect other names.
/// * `a_claim_ends`: a name MUST be free again after the time of its claim, and not before.
/// * `a_quota_is_taken_at_once`: the first [`take`](Self::take)s of a name MUST be allowed up to the quota, and the next one
///   MUST NOT, with the times of [`Taken`] as GCRA defines them.
/// * `a_refused_take_is_not_counted`: a refused take MUST NOT delay the time at which the next one is allowed.
/// * `a_use_is_regained_every_interval`: after [`retry_after`](Taken::retry_after) exactly one take MUST be allowed.
/// * `a_take_may_count_as_several_uses`: a take of several uses MUST be allowed only if all of them are, and count as that
///   number; one of more uses than the quota counts as the whole quota.
/// * `uses_given_back_can_be_taken_again`: after [`give_back`](Self::give_back) as many more uses MUST be allowed, and never
///   more than the quota at once.
/// * `concurrent_takes_share_one_quota`: of concurrent takes of one name, as many as the quota MUST be allowed.
/// * `a_smaller_quota_applies_at_once`: if a name was used with a greater rate before, the wait MUST NOT be longer than with
///   the present rate alone.
/// * `a_value_reads_back_equal`: [`get`](Self::get) MUST return the bytes of the last [`put`](Self::put) of this name, and
///   `None` before the first one.
/// * `a_value_ends`: [`get`](Self::get) MUST return `None` after the time of the [`put`](Self::put).
/// * `claims_rates_and_values_are_apart`: a name MUST stand for a claim, a rate and a value at the same time.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Checks that the cache answers.
    async fn check(&self) -> Result<(), CacheError>;

    /// Claims a name for this long. Returns whether it was free. `holder` is on whose behalf, always the same one for a name:
    /// an adapter with limited room gives each holder a fair part of it.
    async fn claim(&self, holder: &str, name: &str, ttl: Duration) -> Result<bool, CacheError>;

    /// Counts a number of uses of a name, if its rate allows all of them.
    async fn take(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<Taken, CacheError>;

    /// Gives back uses of a name that were taken.
    async fn give_back(&self, name: &str, rate: &Rate, uses: NonZeroU32) -> Result<(), CacheError>;

    /// Stores a value for this long, in place of any former one.
    async fn put(&self, name: &str, value: &[u8], ttl: Duration) -> Result<(), CacheError>;

    /// Returns a value; `None` if it was never stored, has ended or was lost.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CacheError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(quota: u32, window: Duration) -> Rate {
        Rate::new(NonZeroU32::new(quota).expect("a quota"), window)
    }

    #[test]
    fn intervals_are_whole_microseconds_rounded_up() {
        let second = Duration::from_secs(1);
        for (quota, micros) in [(1, 1_000_000), (3, 333_334), (1_000_000, 1), (u32::MAX, 1)] {
            let rate = rate(quota, second);
            assert_eq!(rate.interval(), Duration::from_micros(micros), "{quota}");
            assert_eq!(rate.burst(), Duration::from_micros(micros * u64::from(quota)), "{quota}");
        }
        assert_eq!(rate(7, Duration::ZERO).interval(), Duration::from_micros(1));
    }

    #[test]
    fn remaining_uses_follow_from_the_time_to_the_reset() {
        let rate = rate(4, Duration::from_secs(4));
        for (reset, remaining) in [(0, 4), (1, 3), (1_000, 3), (1_001, 2), (3_500, 0), (4_000, 0)] {
            let taken = Taken::new(&rate, Duration::from_millis(reset), Duration::ZERO);
            assert_eq!((taken.allowed, taken.remaining), (true, remaining), "{reset}");
        }
        assert!(!Taken::new(&rate, Duration::from_secs(4), Duration::from_micros(1)).allowed);
    }

    #[test]
    fn the_next_use_is_regained_within_an_interval() {
        let rate = rate(4, Duration::from_secs(4));
        for (reset, next) in [(1, 1), (1_000, 1_000), (1_001, 1), (3_500, 500), (4_000, 1_000)] {
            let taken = Taken::new(&rate, Duration::from_millis(reset), Duration::ZERO);
            assert_eq!(taken.next_use_after(&rate), Duration::from_millis(next), "{reset}");
        }
    }
}
