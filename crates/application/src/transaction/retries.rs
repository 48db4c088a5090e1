//! Repeats use cases that have lost a race.

use std::time::Duration;

use memo_domain::Timestamp;

use super::Transactions;
use crate::Error;

/// How long a use case is retried.
pub const BUDGET: Duration = Duration::from_secs(2);
/// The longest wait after the first attempt; it doubles with each further attempt.
const FIRST_WAIT: Duration = Duration::from_millis(5);
/// The longest wait of all.
pub const MAX_WAIT: Duration = Duration::from_millis(200);

/// Decides whether a failed attempt is followed by another one.
pub struct Retries<'a> {
    transactions: &'a Transactions,
    began: Timestamp,
    waited: Duration,
    max_wait: Duration,
}

impl<'a> Retries<'a> {
    pub fn new(transactions: &'a Transactions) -> Self {
        Self { transactions, began: transactions.clock.now(), waited: Duration::ZERO, max_wait: FIRST_WAIT }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The error of the attempt, if it is not followed by another one: it was no lost race, or the budget is spent.
    pub async fn wait_after(&mut self, error: Error) -> Result<(), Error> {
        if !matches!(&error, Error::Store(error) if error.is_lost_race()) {
            return Err(error);
        }
        if self.wait().await { Ok(()) } else { Err(error) }
    }

    /// Waits before the next attempt; `false` if the budget is spent.
    pub async fn wait(&mut self) -> bool {
        // Writers that lost the same race must not meet again: between half of the longest wait and all of it.
        let half = self.max_wait / 2;
        let wait = half + half.mul_f64(f64::from(self.random()) / f64::from(u32::MAX));
        // The clock may have been set back.
        let spent = self.transactions.clock.now().since(self.began).max(self.waited);
        if spent + wait > BUDGET {
            return false;
        }
        self.transactions.timer.sleep(wait).await;
        self.waited += wait;
        self.max_wait = MAX_WAIT.min(self.max_wait * 2);
        true
    }

    fn random(&self) -> u32 {
        let secret = self.transactions.secrets.next();
        let [a, b, c, d, ..] = *secret.expose();
        u32::from_le_bytes([a, b, c, d])
    }
}
