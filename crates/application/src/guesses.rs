//! Slows down who guesses: so many wrong passwords or codes in a while, and the account takes none for the rest of it; more,
//! over all accounts, from one network address, and nothing is taken from there.
//!
//! Kept by this node alone, and of accounts that don't exist as well: an answer tells nothing of whether there is one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use memo_domain::Timestamp;
use quick_cache::sync::Cache;

use crate::Error;

/// How many wrong ones an account takes.
pub const OF_ACCOUNT: usize = 10;
/// How many wrong ones an address may send: there may be many behind it.
pub const OF_ADDRESS: usize = 100;
/// In which time.
const WINDOW: Duration = Duration::from_mins(15);
/// Of how many accounts or addresses they are remembered; the ones least used make room.
const CAPACITY: usize = 50_000;

type Failures = Arc<Mutex<VecDeque<Timestamp>>>;

pub struct Guesses {
    most: usize,
    failures: Cache<String, Failures>,
}

impl Guesses {
    pub fn new(most: usize) -> Self {
        Self { most, failures: Cache::new(CAPACITY) }
    }

    /// Counts a guess as wrong before it is looked at, so that many at once count, too; [`forgive`](Self::forgive) takes it
    /// back.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn count(&self, account: &str, now: Timestamp) -> Result<(), Error> {
        let failures =
            self.failures.get_or_insert_with::<_, std::convert::Infallible>(account, || Ok(Failures::default()));
        let Ok(failures) = failures;
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        while failures.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            failures.pop_front();
        }
        if failures.len() >= self.most {
            let retry_after = failures.front().map_or(WINDOW, |at| WINDOW.saturating_sub(now.since(*at)));
            return Err(Error::TooManyAttempts { retry_after });
        }
        failures.push_back(now);
        Ok(())
    }

    /// The last guess was right: it does not count. Those before it do, so that who knows one password of many can't go on.
    pub fn forgive(&self, account: &str) {
        if let Some(failures) = self.failures.get(account) {
            failures.lock().unwrap_or_else(PoisonError::into_inner).pop_back();
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
    fn an_account_takes_so_many_wrong_guesses_in_a_while() {
        let guesses = Guesses::new(OF_ACCOUNT);
        for minute in 0..10 {
            guesses.count("a@example.com", at(minute)).expect("a guess is free");
        }
        let error = guesses.count("a@example.com", at(10)).expect_err("too many");
        assert!(matches!(error, Error::TooManyAttempts { retry_after } if retry_after == Duration::from_mins(5)));
        guesses.count("b@example.com", at(10)).expect("another account is free");
        guesses.count("a@example.com", at(15)).expect("the first one is forgotten");
        guesses.count("a@example.com", at(15)).expect_err("the second one is not");
    }

    #[test]
    fn right_ones_do_not_count() {
        let guesses = Guesses::new(OF_ACCOUNT);
        for _ in 0..100 {
            guesses.count("a@example.com", at(0)).expect("a guess is free");
            guesses.forgive("a@example.com");
        }
    }
}
