//! Empties the trash of all users: one job for the server, which is due again and again. Each run removes some memos in one
//! transaction.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{ChangeKind, Clock, Conflict, Job, JobId, JobKind, JobState, NewChange, Sealed, Uuid};

use super::{JobError, JobHandler, JobOutcome, LEASE, reminder, turn::Turn};
use crate::{Error, Ports, transaction::Transaction};

/// The id of the only job of its kind, however many nodes insert it.
const ID: JobId = JobId::new(Uuid::from_u128(0x7000_8000_0000_0000_0001));
/// The longest time between two runs: a memo may stay that much longer.
const MAX_PERIOD: Duration = Duration::from_hours(1);
/// How many memos one transaction removes, so that other writers wait only for a moment.
const STEP: u32 = 50;

/// Removes memos that are in the trash for longer than a time.
pub struct TrashHandler {
    ports: Arc<Ports>,
    retention: Duration,
}

impl TrashHandler {
    /// Removes memos after this time in the trash.
    #[must_use]
    pub const fn new(ports: Arc<Ports>, retention: Duration) -> Self {
        Self { ports, retention }
    }

    /// The time between two runs.
    fn period(&self) -> Duration {
        self.retention.min(MAX_PERIOD)
    }

    /// Inserts the job, unless it waits already. Called by each node, at its start and from time to time.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn schedule(&self) -> Result<(), Error> {
        let scheduled = self.ports.transactions.write(async |tx| {
            let now = tx.now();
            let job = Job {
                id: ID,
                owner: None,
                kind: JobKind::TRASH,
                label: "trash".to_owned(),
                payload: Sealed::new(Vec::new()),
                state: JobState::Waiting,
                attempts: 0,
                begun: 0,
                run_at: now,
                created_at: now,
                error: None,
            };
            match tx.jobs().lookup(ID).await? {
                // Waits, or is leased by a node that runs it.
                Some(known) if known.state == JobState::Waiting && known.run_at <= now + self.period().max(LEASE) => {
                    return Ok(());
                }
                // Has failed for good, or waits for the period of an earlier setting.
                Some(_) => tx.jobs().update(&job).await?,
                None => {
                    tx.retry_on(Conflict::Id);
                    tx.jobs().insert(&job).await?;
                }
            }
            tx.wake_jobs();
            Ok(())
        });
        scheduled.await
    }
}

#[async_trait]
impl JobHandler for TrashHandler {
    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::TRASH]
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError> {
        let input = (job.clone(), self.retention, self.period(), self.ports.clock.clone());
        let stepped = self.ports.transactions.write_boxed(input, |tx, (job, retention, period, clock)| {
            Box::pin(step(tx, job, *retention, *period, &**clock))
        });
        stepped.await.map_err(|error| JobError::Temporary(error.into()))?;
        Ok(JobOutcome::Recorded)
    }
}

/// Removes the memos that are in the trash for the longest time, and records when the job is due again.
async fn step(
    tx: &mut Transaction,
    job: &Job,
    retention: Duration,
    period: Duration,
    clock: &dyn Clock,
) -> Result<(), Error> {
    let turn = Turn::begin(clock);
    if !tx.jobs().holds(job).await? {
        return Ok(());
    }
    let now = tx.now();
    let ids = tx.memos().list_trashed(now - retention, STEP).await?;
    let mut is_last = ids.len() < STEP as usize;
    for (number, id) in ids.into_iter().enumerate() {
        if number > 0 && turn.is_over() {
            is_last = false;
            break;
        }
        // A store locks a memo only when it is looked up: until then its owner may have restored it.
        let Some(memo) = tx.memos().lookup(id).await?.map(|view| view.memo) else { continue };
        if memo.deleted_at.is_none_or(|time| time >= now - retention) {
            continue;
        }
        tx.memos().remove(id, memo.version).await?;
        reminder::cancel(tx, &memo).await?;
        let change = NewChange::of(&memo, ChangeKind::Deleted, now.not_before(memo.updated_at));
        tx.append_change(memo.owner_id, change);
    }
    // Due at once, after the jobs that wait already, or after a while.
    let run_at = if is_last { now + period } else { now };
    let next = Job { attempts: 0, begun: 0, run_at, error: None, ..job.clone() };
    Ok(tx.jobs().update(&next).await?)
}
