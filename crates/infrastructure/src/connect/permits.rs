//! Permits to use the connections of a pool, handed out round robin by user.

use std::sync::atomic::{AtomicBool, Ordering};

use memo_domain::UserId;
use memo_fair::{Capacity, FairSemaphore};

/// The user on whose behalf a unit of work runs; `None` is the server itself.
pub type Owner = Option<UserId>;

/// A permit to use one connection. Dropping it returns it.
pub type Permit = memo_fair::Permit<Owner>;

/// The maximum number of waiting units of work. It only bounds the memory: their waits are limited in time.
const MAX_WAITING: usize = 10_000;
/// The maximum number of waiting units of work of one user.
const MAX_WAITING_OF_USER: usize = 1_000;

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The pool is closed.
    Closed,
    /// Too many units of work are waiting.
    Busy,
}

/// One permit for each connection of a pool. No user holds more than half of them, so that a user whose statements are slow,
/// or wait for each other, leaves connections to the others.
#[derive(Debug)]
pub struct Permits {
    semaphore: FairSemaphore<Owner>,
    connections: u32,
    is_closed: AtomicBool,
}

impl Permits {
    pub fn new(connections: u32) -> Self {
        let permits = connections as usize;
        let capacity = Capacity {
            permits,
            permits_per_key: (permits / 2).max(1),
            waiting: MAX_WAITING,
            waiting_per_key: MAX_WAITING_OF_USER,
        };
        // The server itself looks up sessions for all users, and its jobs run one by one.
        let semaphore = FairSemaphore::with_exempt(capacity, Some(None));
        Self { semaphore, connections, is_closed: AtomicBool::new(false) }
    }

    /// Waits for a permit.
    pub async fn acquire(&self, owner: Owner) -> Result<Permit, Refusal> {
        self.check_open()?;
        let permit = self.semaphore.acquire(owner).await.map_err(|_| Refusal::Busy)?;
        self.check_open()?;
        Ok(permit)
    }

    /// Returns a permit if one is free.
    pub fn try_acquire(&self, owner: Owner) -> Option<Permit> {
        self.semaphore.try_acquire(&owner)
    }

    /// Whether a caller waits for a permit.
    pub fn is_awaited(&self) -> bool {
        self.semaphore.waiting() > 0
    }

    /// Grants no more permits, and waits until all are returned.
    pub async fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        let mut returned = Vec::new();
        for _ in 0..self.connections {
            returned.push(self.semaphore.acquire(None).await);
        }
    }

    fn check_open(&self) -> Result<(), Refusal> {
        if self.is_closed.load(Ordering::SeqCst) { Err(Refusal::Closed) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn no_user_holds_more_than_half_of_the_connections() {
        for (connections, half) in [(1, 1), (2, 1), (5, 2), (10, 5)] {
            let permits = Permits::new(connections);
            let mut held = Vec::new();
            for _ in 0..half {
                held.push(permits.acquire(Some(user(1))).await.expect("a permit"));
            }
            let mut more = pin!(permits.acquire(Some(user(1))));
            let waits = poll_fn(|context| Poll::Ready(more.as_mut().poll(context).is_pending())).await;
            assert!(waits, "{connections}");
            for _ in half..connections {
                held.push(permits.acquire(None).await.expect("the others have the rest"));
            }
        }
    }

    #[tokio::test]
    async fn a_closed_pool_grants_nothing_and_waits_for_permits() {
        let permits = Permits::new(2);
        let held = permits.acquire(Some(user(1))).await.expect("a permit");
        let mut close = pin!(permits.close());
        let waits = poll_fn(|context| Poll::Ready(close.as_mut().poll(context).is_pending())).await;
        assert!(waits);
        assert_eq!(permits.acquire(Some(user(2))).await.map(drop), Err(Refusal::Closed));
        drop(held);
        close.await;
    }
}
