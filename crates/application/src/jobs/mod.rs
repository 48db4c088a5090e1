//! Runs jobs after the transaction that inserted them: one worker per node, handlers by kind, retries, dead letters.

pub(crate) mod mail;
pub(crate) mod messages;
pub(crate) mod reminder;
pub(crate) mod retag;
pub(crate) mod trash;
pub(crate) mod turn;
mod webhook;
pub(crate) mod withdrawal;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{Causes, Job, JobKind, JobState, Source};

use crate::{Error, Ports};
pub use mail::MailHandler;
pub use reminder::{MAX_REMINDERS, ReminderHandler};
pub use retag::{Operation, OperationStatus, RetagHandler};
pub use trash::TrashHandler;
pub use webhook::WebhookHandler;
pub use withdrawal::WithdrawalHandler;

/// How long a job is leased: longer than a handler may take.
const LEASE: Duration = Duration::from_secs(150);
/// The kinds that overtake all others.
const URGENT: [JobKind; 1] = [JobKind::URGENT_MAIL];
/// How many attempts may have an unknown outcome. Each may have done the work: so it is done at most twice.
const MAX_UNKNOWN: u32 = 2;
/// How many attempts may fail, over some 12 hours.
const MAX_ATTEMPTS: u32 = 12;
/// The greatest number of characters of an error that is stored.
const MAX_ERROR: usize = 500;

/// Why a job failed.
#[derive(Debug)]
pub enum JobError {
    /// A later attempt may succeed.
    Temporary(Source),
    /// No later attempt will succeed.
    Permanent(Source),
}

/// What became of a job whose run did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done, and is removed.
    Done,
    /// The handler has recorded the outcome in the job, together with its work.
    Recorded,
}

/// Does the work of jobs of some kinds.
#[async_trait]
pub trait JobHandler: Send + Sync {
    /// The kinds.
    fn kinds(&self) -> &'static [JobKind];

    /// Does the work of a job. It must end within a minute, and tolerate that the same job runs twice.
    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError>;

    /// Whether the work may be done any number of times, so that an attempt whose outcome is unknown is always followed by
    /// another one.
    fn is_repeatable(&self) -> bool {
        false
    }
}

/// Leases jobs and hands them to the handlers of their kinds.
pub struct JobWorker {
    ports: Arc<Ports>,
    handlers: Vec<Arc<dyn JobHandler>>,
    kinds: Vec<JobKind>,
    urgent: Vec<JobKind>,
    others: Vec<JobKind>,
}

impl JobWorker {
    /// A worker for the jobs of these handlers. Jobs of other kinds are left to nodes that know them.
    #[must_use]
    pub fn new(ports: Arc<Ports>, handlers: Vec<Arc<dyn JobHandler>>) -> Self {
        let kinds: Vec<_> = handlers.iter().flat_map(|handler| handler.kinds()).cloned().collect();
        let (urgent, others) = kinds.iter().cloned().partition(|kind| URGENT.contains(kind));
        Self { ports, handlers, kinds, urgent, others }
    }

    /// Leases one job that is due, if there is any: an urgent one, or else the one that is due longest. To be passed to
    /// [`run`](Self::run).
    ///
    /// The lease records that an attempt has started. If its outcome is never recorded (the process crashes, or the store
    /// is away), the job runs once more after the lease. If that happens a second time, the job is dead, because its work
    /// may have been done twice already.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn lease(&self) -> Result<Option<Job>, Error> {
        loop {
            let now = self.ports.now();
            // Most polls find nothing, and are not to take turns of those who write.
            if !self.ports.transactions.read(async |tx| Ok(tx.jobs().has_due(&self.kinds, now).await?)).await? {
                return Ok(None);
            }
            let leased = self.ports.transactions.write(async |tx| {
                let mut leased = Vec::new();
                for kinds in [&self.urgent, &self.others] {
                    if leased.is_empty() && !kinds.is_empty() {
                        leased = tx.jobs().claim(kinds, now, now + LEASE, 1).await?;
                    }
                }
                let Some(job) = leased.pop() else { return Ok(None) };
                if job.begun <= self.max_unknown(&job) {
                    return Ok(Some(Some(job)));
                }
                tx.jobs().update(&abandoned(job)).await?;
                Ok(Some(None))
            });
            match leased.await? {
                Some(None) => {}
                leased => return Ok(leased.flatten()),
            }
        }
    }

    fn handler(&self, job: &Job) -> Option<&Arc<dyn JobHandler>> {
        self.handlers.iter().find(|handler| handler.kinds().contains(&job.kind))
    }

    /// How many attempts may have an unknown outcome.
    fn max_unknown(&self, job: &Job) -> u32 {
        let is_repeatable = self.handler(job).is_some_and(|handler| handler.is_repeatable());
        if is_repeatable { MAX_ATTEMPTS } else { MAX_UNKNOWN }
    }

    /// Runs a job that was leased, and records the outcome unless the lease was lost: then another worker runs it again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn run(&self, job: Job) -> Result<(), Error> {
        let result = match self.handler(&job) {
            Some(handler) => handler.run(&job).await,
            None => Err(JobError::Temporary("no handler for this kind".into())),
        };
        let leased = job.clone();
        let failed = match result {
            Ok(JobOutcome::Recorded) => return Ok(()),
            Ok(JobOutcome::Done) => None,
            Err(error) => Some(self.failed(job, &error)),
        };
        let recorded = self.ports.transactions.write(async |tx| {
            if !tx.jobs().holds(&leased).await? {
                return Ok(());
            }
            match &failed {
                None => tx.jobs().remove(leased.id).await?,
                Some(job) => tx.jobs().update(job).await?,
            }
            Ok(())
        });
        recorded.await
    }

    fn failed(&self, job: Job, error: &JobError) -> Job {
        let attempts = job.attempts.saturating_add(1);
        let is_dead = matches!(error, JobError::Permanent(_)) || attempts >= MAX_ATTEMPTS;
        let (JobError::Temporary(source) | JobError::Permanent(source)) = error;
        tracing::warn!(
            job_id = %job.id, kind = %job.kind, label = job.label, attempts, is_dead, error = %Causes(&**source), "a job failed"
        );
        Job {
            attempts,
            // The outcome of this attempt is known.
            begun: job.begun.saturating_sub(1),
            state: if is_dead { JobState::Dead } else { JobState::Waiting },
            run_at: self.ports.now() + backoff(attempts),
            error: Some(source.to_string().chars().take(MAX_ERROR).collect()),
            ..job
        }
    }
}

/// The wait after this number of failed attempts: 30 s, 1 min, 2 min … 4 h.
fn backoff(attempts: u32) -> Duration {
    Duration::from_secs(30 << attempts.saturating_sub(1).min(9)).min(Duration::from_hours(4))
}

/// A job whose attempts ended without a recorded outcome as often as is allowed.
fn abandoned(job: Job) -> Job {
    tracing::warn!(
        job_id = %job.id, kind = %job.kind, label = job.label, "a job may have run twice, and is not retried"
    );
    // The attempt that this claim counted is not made.
    let begun = job.begun.saturating_sub(1);
    Job {
        attempts: job.attempts.saturating_add(begun),
        begun,
        state: JobState::Dead,
        error: Some("It may have been sent: the outcome of two attempts is unknown.".to_owned()),
        ..job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_four_hours() {
        let seconds = [1, 2, 3, 4, 9, 10, 11, 100].map(|attempts| backoff(attempts).as_secs());
        assert_eq!(seconds, [30, 60, 120, 240, 7_680, 14_400, 14_400, 14_400]);
    }
}
