use std::{sync::Arc, time::Duration};

use memo_domain::{Causes, Conflict, CountedRequest, Day, OperationName, UsageKey};

use super::counts::Counts;
use crate::{Credential, Error, Ports, Principal};

/// How many rows one transaction changes or removes.
const STORED_AT_ONCE: usize = 100;
/// The same of rows whose retention time is over.
const REMOVED_AT_ONCE: u32 = 500;

/// Counts the requests of users in memory, and stores them together. A crash loses what was counted since the last time.
pub struct UsageCounter {
    ports: Arc<Ports>,
    counts: Counts,
    retention: Duration,
}

impl UsageCounter {
    /// A counter whose stored usage is kept for this time.
    #[must_use]
    pub fn new(ports: Arc<Ports>, retention: Duration) -> Self {
        Self { ports, counts: Counts::default(), retention }
    }

    /// Counts a request of a user, and returns under which key. It waits for nothing but threads that count as well.
    pub fn count(&self, caller: &Principal, operation: OperationName, request: &CountedRequest) -> UsageKey {
        let api_key_id = match caller.credential {
            Credential::ApiKey { key_id } => Some(key_id),
            Credential::AccessToken { .. } | Credential::Cookie { .. } => None,
        };
        let key = UsageKey { user_id: caller.user_id, day: Day::of(self.ports.now()), operation, api_key_id };
        if self.counts.count(key.clone(), request) {
            self.ports.background.usage_waits();
        }
        key
    }

    /// Adds the bytes of a response that were sent after its request was counted.
    pub fn add_bytes_out(&self, key: UsageKey, bytes: u64) {
        self.counts.add_bytes_out(key, bytes);
    }

    /// Stores what was counted, and returns whether it did. What can't be stored is kept for the next time, as far as there is
    /// room.
    pub async fn store(&self) -> bool {
        let Some(mut taken) = self.counts.take() else { return false };
        let lost = self.counts.take_lost();
        if lost > 0 {
            tracing::warn!(requests = lost, "usage was not counted: too many users and operations at once");
        }
        while !taken.last(1).is_empty() {
            let some = taken.last(STORED_AT_ONCE);
            let stored = self.ports.transactions.write(async |tx| {
                // Another node inserted one of these rows meanwhile.
                tx.retry_on(Conflict::Id);
                Ok(tx.usage().add(some).await?)
            });
            if let Err(error) = stored.await {
                tracing::warn!(error = %Causes(&error), "usage is stored later");
                return false;
            }
            taken.forget_last(STORED_AT_ONCE);
        }
        true
    }

    /// Removes the usage whose retention time is over, and returns how many rows that was.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let mut total = 0;
        loop {
            let removed = self.ports.transactions.write(async |tx| {
                let before = Day::of(tx.now() - self.retention);
                Ok(tx.usage().remove_before(before, REMOVED_AT_ONCE).await?)
            });
            let removed = removed.await?;
            total += removed;
            if removed < u64::from(REMOVED_AT_ONCE) {
                return Ok(total);
            }
        }
    }

    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }
}
