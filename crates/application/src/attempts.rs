//! Limits how often passwords and codes may be wrong: per account, and per network address over all accounts.
//!
//! Each node counts by itself. Accounts that do not exist are counted, too, so that a response does not reveal whether there
//! is one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use memo_domain::Timestamp;
use quick_cache::sync::Cache;

use crate::Error;

/// How many attempts at one account may fail in a window.
pub const MAX_PER_ACCOUNT: usize = 10;
/// How many attempts from one address may fail in a window: several users may share it.
pub const MAX_PER_ADDRESS: usize = 100;
/// The time after which a failed attempt no longer counts.
const WINDOW: Duration = Duration::from_mins(15);
/// How many accounts or addresses are remembered; the least recently used make room.
const CAPACITY: usize = 50_000;

/// The times of the attempts that count, oldest first.
type Attempts = Arc<Mutex<VecDeque<Timestamp>>>;

/// Limits the failed attempts of each name, which is an account or an address.
pub struct AttemptLimiter {
    max: usize,
    attempts: Cache<String, Attempts>,
}

impl AttemptLimiter {
    /// Allows this number of failed attempts per name and window.
    pub fn new(max: usize) -> Self {
        Self { max, attempts: Cache::new(CAPACITY) }
    }

    /// Counts an attempt as failed before it is checked, so that concurrent attempts count as well. If it succeeds,
    /// [`forgive`](Self::forgive) takes it back.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn count(&self, name: &str, now: Timestamp) -> Result<(), Error> {
        let attempts =
            self.attempts.get_or_insert_with::<_, std::convert::Infallible>(name, || Ok(Attempts::default()));
        let Ok(attempts) = attempts;
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        while attempts.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            attempts.pop_front();
        }
        if attempts.len() >= self.max {
            let retry_after = attempts.front().map_or(WINDOW, |at| WINDOW.saturating_sub(now.since(*at)));
            return Err(Error::TooManyAttempts { retry_after });
        }
        attempts.push_back(now);
        Ok(())
    }

    /// Takes the last attempt back: it succeeded, or it was not checked. Those before it still count, so that an attacker who
    /// knows one password can't reset the limit with it.
    pub fn forgive(&self, name: &str) {
        if let Some(attempts) = self.attempts.get(name) {
            attempts.lock().unwrap_or_else(PoisonError::into_inner).pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    #[test]
    fn failed_attempts_are_limited_per_window() {
        let limiter = AttemptLimiter::new(MAX_PER_ACCOUNT);
        for minute in 0..10 {
            limiter.count("a@example.com", at(minute)).expect("an attempt is allowed");
        }
        let error = limiter.count("a@example.com", at(10)).expect_err("the limit is reached");
        assert!(matches!(error, Error::TooManyAttempts { retry_after } if retry_after == Duration::from_mins(5)));
        limiter.count("b@example.com", at(10)).expect("another account is not limited");
        limiter.count("a@example.com", at(15)).expect("the first attempt no longer counts");
        limiter.count("a@example.com", at(15)).expect_err("the second attempt still counts");
    }

    #[test]
    fn successful_attempts_do_not_count() {
        let limiter = AttemptLimiter::new(MAX_PER_ACCOUNT);
        for _ in 0..100 {
            limiter.count("a@example.com", at(0)).expect("an attempt is allowed");
            limiter.forgive("a@example.com");
        }
    }
}
