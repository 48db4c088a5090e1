//! Removes the data of users who have withdrawn: each run removes some rows in one transaction, the last one the user.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{Clock, Job, JobKind, Sealed, Sealer, Source, Sweep, UserId};

use super::{JobError, JobHandler, JobOutcome, turn::Turn};
use crate::{Error, Ports, likes, transaction::Transaction};

/// The context of the sealed payload.
const CONTEXT: &str = "withdrawal";
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
    if likes::withdraw(tx, id).await? > 0 || sweep(tx, id, Sweep::All, clock).await? > 0 {
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
pub async fn sweep(tx: &mut Transaction, id: UserId, what: Sweep, clock: &dyn Clock) -> Result<u64, Error> {
    let mut turn = Turn::begin(clock);
    while turn.goes_on_after(tx.users().sweep(id, what, Turn::AT_ONCE).await?) {}
    Ok(turn.removed)
}

/// The payload of the job of a user.
pub fn seal(sealer: &dyn Sealer, user: UserId) -> Result<Sealed, Source> {
    sealer.seal(CONTEXT, user.as_uuid().as_bytes())
}

fn open(sealer: &dyn Sealer, payload: &Sealed) -> Result<UserId, Source> {
    Ok(UserId::new(memo_domain::Uuid::from_slice(&sealer.open(CONTEXT, payload)?)?))
}
