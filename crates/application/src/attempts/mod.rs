//! Limits how often passwords and codes may be wrong: per account, on all nodes together.
//!
//! Anyone can use up the attempts at an account. So a client that has signed in to it before, and brings a live session or
//! the cookie of a known device, has attempts of its own. Accounts that do not exist are counted, too, so that a response
//! does not reveal whether there is one.

mod addresses;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use memo_domain::{Cache, Causes, Rate, UserId, Uuid};

use crate::{Device, Error};
pub use addresses::SlowAddresses;

/// How many attempts may fail in a window.
const MAX: NonZeroU32 = NonZeroU32::new(10).expect("a number");
const WINDOW: Duration = Duration::from_mins(15);

/// What shows that a client has signed in as a user before. It is no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognized {
    /// The user.
    pub user_id: UserId,
    /// The id of the live session, or of the one that the device became known by.
    pub id: Uuid,
}

/// Limits the failed attempts at each account.
pub struct AttemptLimiter {
    counters: Arc<dyn Cache>,
    rate: Rate,
}

/// An attempt that counts as failed unless it is forgiven.
#[must_use]
pub struct Attempt {
    name: String,
    /// Whether the client has signed in to the account before.
    pub is_recognized: bool,
}

impl AttemptLimiter {
    pub fn new(counters: Arc<dyn Cache>) -> Self {
        Self { counters, rate: Rate::new(MAX, WINDOW) }
    }

    /// Counts an attempt as failed before it is checked, so that concurrent attempts count as well.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub async fn count(&self, account: &str, user: Option<UserId>, device: &Device) -> Result<Attempt, Error> {
        let recognized = device.recognized.iter().find(|recognized| Some(recognized.user_id) == user);
        let name = match recognized {
            Some(Recognized { id, .. }) => format!("attempts {account} by {id}"),
            None => format!("attempts {account}"),
        };
        match self.counters.take(&name, &self.rate, NonZeroU32::MIN).await {
            Ok(taken) if taken.allowed => Ok(Attempt { name, is_recognized: recognized.is_some() }),
            Ok(taken) => Err(Error::TooManyAttempts { retry_after: taken.retry_after }),
            Err(_) => Err(Error::TooManyAttempts { retry_after: self.rate.interval() }),
        }
    }

    /// Takes an attempt back: it succeeded, or it was not checked. Those before it still count, so that an attacker who
    /// knows one password can't reset the limit with it.
    pub async fn forgive(&self, attempt: Attempt) {
        if let Err(error) = self.counters.give_back(&attempt.name, &self.rate, NonZeroU32::MIN).await {
            tracing::warn!(error = %Causes(&error), "a successful attempt counts as failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::Timestamp;
    use memo_memory::{FixedClock, MemoryCache};

    use super::*;

    const ACCOUNT: &str = "a@example.com";

    fn limiter() -> (AttemptLimiter, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
        (AttemptLimiter::new(Arc::new(MemoryCache::new(clock.clone()))), clock)
    }

    fn id(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    /// A device with something by which it is recognized as a user.
    fn device(user: u128, by: u128) -> Device {
        let recognized = vec![Recognized { user_id: id(user), id: Uuid::from_u128(by) }];
        Device { recognized, ..Device::default() }
    }

    /// How many attempts are allowed at once.
    async fn allowed(limiter: &AttemptLimiter, account: &str, device: &Device) -> usize {
        let mut attempts = 0;
        while limiter.count(account, Some(id(1)), device).await.is_ok() {
            attempts += 1;
        }
        attempts
    }

    #[tokio::test]
    async fn failed_attempts_are_limited_per_account() {
        let (limiter, clock) = limiter();
        let stranger = Device::default();
        assert_eq!(allowed(&limiter, ACCOUNT, &stranger).await, 10);
        let Err(error) = limiter.count(ACCOUNT, None, &stranger).await else { panic!("the limit is reached") };
        let interval = Duration::from_secs(90);
        assert!(matches!(error, Error::TooManyAttempts { retry_after } if retry_after == interval), "{error:?}");
        assert_eq!(allowed(&limiter, "b@example.com", &stranger).await, 10, "of another account");
        clock.advance(interval);
        assert_eq!(allowed(&limiter, ACCOUNT, &stranger).await, 1);
        clock.advance(WINDOW);
        assert_eq!(allowed(&limiter, ACCOUNT, &stranger).await, 10);
    }

    #[tokio::test]
    async fn successful_attempts_do_not_count() {
        let (limiter, _) = limiter();
        for _ in 0..100 {
            let attempt = limiter.count(ACCOUNT, None, &Device::default()).await.expect("an attempt is allowed");
            limiter.forgive(attempt).await;
        }
    }

    #[tokio::test]
    async fn a_client_that_has_signed_in_before_has_attempts_of_its_own() {
        let (limiter, _) = limiter();
        assert_eq!(allowed(&limiter, ACCOUNT, &Device::default()).await, 10);
        assert_eq!(allowed(&limiter, ACCOUNT, &device(2, 7)).await, 0, "it was another account");
        for by in [7, 8] {
            assert_eq!(allowed(&limiter, ACCOUNT, &device(1, by)).await, 10);
        }
        assert_eq!(allowed(&limiter, "b@example.com", &device(1, 7)).await, 10);
        assert_eq!(allowed(&limiter, "b@example.com", &Device::default()).await, 10, "its attempts are apart");
    }
}
