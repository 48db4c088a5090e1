//! Removes the data of users who have withdrawn: each run removes some rows in one transaction, the last one the user.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{Clock, Job, JobKind, Sealed, Sealer, Source, Sweep, Timestamp, UserId};

use super::{JobError, JobHandler, JobOutcome};
use crate::{Error, Ports, likes, transaction::Transaction};

/// The context of the sealed payload.
const CONTEXT: &str = "withdrawal";
/// How many rows one transaction removes at most,
pub const STEP: u32 = 200;
/// how many of them at once,
const AT_ONCE: u32 = 5;
/// and after which time it removes no more, so that other writers wait only for a moment: a memo may have a few bytes or some
/// hundred thousand. To commit what was removed takes about as long.
const TURN: Duration = Duration::from_millis(3);
/// How long others have the store for themselves before each transaction. SQLite also merges its search index now and then, which
/// takes longer the more was removed; with pauses that happens less often in the time of others.
const PAUSE: Duration = Duration::from_millis(50);

/// Removes withdrawn users in steps.
pub struct WithdrawalHandler {
    ports: Arc<Ports>,
}

impl WithdrawalHandler {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }
}

#[async_trait]
impl JobHandler for WithdrawalHandler {
    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::WITHDRAWAL]
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError> {
        let user = open(&*self.ports.sealer, &job.payload).map_err(JobError::Permanent)?;
        self.ports.timer.sleep(PAUSE).await;
        let transactions = self.ports.transactions.on_behalf_of(user);
        let input = (job.clone(), user, self.ports.clock.clone());
        let swept = transactions.write_boxed(input, |tx, (job, user, clock)| Box::pin(step(tx, job, *user, &**clock)));
        swept.await.map_err(|error| JobError::Temporary(error.into()))
    }
}

/// Removes some rows. If no rows are left, removes the user.
async fn step(tx: &mut Transaction, job: &Job, id: UserId, clock: &dyn Clock) -> Result<JobOutcome, Error> {
    if !tx.jobs().holds(job).await? {
        return Ok(JobOutcome::Recorded);
    }
    if likes::withdraw(tx, id).await? > 0 || sweep(tx, id, clock).await? > 0 {
        // Due at once, after the jobs that wait already.
        let next = Job { attempts: 0, begun: 0, run_at: tx.now(), error: None, ..job.clone() };
        tx.jobs().update(&next).await?;
        return Ok(JobOutcome::Recorded);
    }
    if let Some(user) = tx.users().lookup(id).await? {
        tx.users().remove(id, user.version).await?;
    }
    Ok(JobOutcome::Done)
}

/// Removes rows of the user until no row is left, or it is the turn of others. Returns how many.
async fn sweep(tx: &mut Transaction, id: UserId, clock: &dyn Clock) -> Result<u64, Error> {
    let mut turn = Turn::begin(clock);
    while turn.goes_on_after(tx.users().sweep(id, Sweep::All, AT_ONCE).await?) {}
    Ok(turn.removed)
}

struct Turn<'a> {
    clock: &'a dyn Clock,
    began: Timestamp,
    removed: u64,
}

impl<'a> Turn<'a> {
    fn begin(clock: &'a dyn Clock) -> Self {
        Self { clock, began: clock.now(), removed: 0 }
    }

    /// Counts rows that were removed at once.
    fn goes_on_after(&mut self, removed: u64) -> bool {
        self.removed += removed;
        let is_end = removed < u64::from(AT_ONCE) || self.removed >= u64::from(STEP);
        !is_end && self.clock.now().since(self.began) < TURN
    }
}

/// The payload of the job of a user.
pub fn seal(sealer: &dyn Sealer, user: UserId) -> Result<Sealed, Source> {
    sealer.seal(CONTEXT, user.as_uuid().as_bytes())
}

fn open(sealer: &dyn Sealer, payload: &Sealed) -> Result<UserId, Source> {
    Ok(UserId::new(memo_domain::Uuid::from_slice(&sealer.open(CONTEXT, payload)?)?))
}

#[cfg(test)]
mod tests {
    use memo_memory::FixedClock;

    use super::*;

    #[test]
    fn a_step_ends_after_its_time_after_its_rows_and_with_the_last_row() {
        let clock = FixedClock::at(Timestamp::from_micros(0));
        let all = u64::from(AT_ONCE);
        for (each, rows, expected) in [
            (TURN / 3, all, 3 * all),
            (TURN * 9, all, all),
            (Duration::ZERO, all, u64::from(STEP)),
            (Duration::ZERO, all - 1, all - 1),
        ] {
            let mut turn = Turn::begin(&clock);
            clock.advance(each);
            while turn.goes_on_after(rows) {
                clock.advance(each);
            }
            assert_eq!(turn.removed, expected, "{each:?} for {rows} rows");
        }
    }
}
