//! Removes data whose retention time is over.

use std::{sync::Arc, time::Duration};

use memo_domain::{Job, JobKind, JobState, Limit};

use crate::{Error, Ports, idempotency, jobs::turn::Turn, transaction::Transaction};

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
                revive_withdrawals(tx).await?;
                let tokens = tx.refresh_tokens().remove_of_ended(now - SESSIONS, BATCH).await?;
                // Those that are left would all be removed with their sessions.
                let sessions = if tokens == u64::from(BATCH) { 0 } else { BATCH };
                let mut responses = Turn::begin(&*self.ports.clock);
                let before = now - idempotency::RETENTION;
                while responses.goes_on_after(tx.idempotency().remove_before(before, Turn::AT_ONCE).await?) {}
                Ok([
                    (tokens, BATCH),
                    (tx.sessions().remove_before(now - SESSIONS, sessions).await?, BATCH),
                    (tx.one_time_tokens().remove_before(now, BATCH).await?, BATCH),
                    (tx.audit().remove_before(now - AUDIT, BATCH).await?, BATCH),
                    (tx.jobs().remove_ended(&JobKind::RETAG, now - OPERATIONS, BATCH).await?, BATCH),
                    (tx.shares().remove_expired(now - SHARES, BATCH).await?, BATCH),
                    // At most: it may have ended with its time.
                    (responses.removed, Turn::AT_ONCE),
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

/// Has the data of withdrawn users removed whose job has failed for good: nothing else would remove them.
async fn revive_withdrawals(tx: &mut Transaction) -> Result<(), Error> {
    let (state, run_at) = (JobState::Waiting, tx.now());
    for dead in tx.jobs().list_dead(&JobKind::WITHDRAWAL, None, Limit::default()).await? {
        tx.jobs().update(&Job { state, run_at, attempts: 0, begun: 0, ..dead }).await?;
        tx.wake_jobs();
    }
    Ok(())
}
