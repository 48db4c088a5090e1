//! Removes data whose retention time is over.

use std::{sync::Arc, time::Duration};

use memo_domain::JobKind;

use crate::{Error, Ports, idempotency};

/// How long an ended session is kept: the reuse of its refresh tokens is still detected.
const SESSIONS: Duration = Duration::from_hours(7 * 24);
/// How long audit events are kept.
const AUDIT: Duration = Duration::from_hours(400 * 24);
/// How long the result of a change that is done in steps can be read.
const OPERATIONS: Duration = Duration::from_hours(1);
/// How long an expired share is listed.
const SHARES: Duration = Duration::from_hours(7 * 24);
/// How many rows of a table one transaction removes at most, so that other writers wait only for a moment.
const BATCH: u32 = 500;
/// The same of responses to requests with a key, which may be large.
const RESPONSES: u32 = 50;

/// Removes ended sessions, expired tokens, old audit events, ended operations, expired shares and expired responses.
pub struct Retention {
    ports: Arc<Ports>,
}

impl Retention {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Removes what is over, and returns how many rows that was.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let mut total = 0;
        loop {
            let removed = self.ports.transactions.write(async |tx| {
                let now = tx.now();
                let tokens = tx.refresh_tokens().remove_of_ended(now - SESSIONS, BATCH).await?;
                // Those that are left would all be removed with their sessions.
                let sessions = if tokens == u64::from(BATCH) { 0 } else { BATCH };
                Ok([
                    (tokens, BATCH),
                    (tx.sessions().remove_before(now - SESSIONS, sessions).await?, BATCH),
                    (tx.one_time_tokens().remove_before(now, BATCH).await?, BATCH),
                    (tx.audit().remove_before(now - AUDIT, BATCH).await?, BATCH),
                    (tx.jobs().remove_ended(&JobKind::RETAG, now - OPERATIONS, BATCH).await?, BATCH),
                    (tx.shares().remove_expired(now - SHARES, BATCH).await?, BATCH),
                    (tx.idempotency().remove_before(now - idempotency::RETENTION, RESPONSES).await?, RESPONSES),
                ])
            });
            let removed = removed.await?;
            total += removed.iter().map(|(removed, _)| removed).sum::<u64>();
            if removed.iter().all(|(removed, most)| *removed < u64::from(*most)) {
                return Ok(total);
            }
        }
    }
}
