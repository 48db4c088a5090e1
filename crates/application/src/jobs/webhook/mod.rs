//! Sends the changes of users to their webhooks. A webhook with changes to send has a job with its id: each run sends some
//! changes, one after the other, and records each in a transaction of its own. The job is removed when nothing is left.
//!
//! A crash between a response and its record repeats the message, with the same id.

mod attempt;
mod requested;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use memo_domain::{
    Change, Conflict, Job, JobKind, JobState, Limit, Sealed, StoreError, Timestamp, UnitOfWork, Webhook, WebhookEvent,
    WebhookId, WebhookMessage, WebhookOutcome, WebhookSender,
};

use super::{JobError, JobHandler, JobOutcome};
use crate::{
    Error, Ports, Transactions,
    transaction::Transaction,
    webhooks::{job_id, open},
};
use attempt::Attempt;

/// How many changes a run sends at most, and how long it may begin to send another one.
const STEPS: usize = 50;
const MAX_TIME: Duration = Duration::from_secs(30);
/// How many webhooks are scheduled in one transaction.
const BATCH: u32 = 50;
/// How long a webhook waits whose job failed for good, or whose user is disabled, before it is looked at again.
const PAUSE: Duration = Duration::from_hours(1);

/// Sends to webhooks.
pub struct WebhookHandler {
    ports: Arc<Ports>,
    sender: Arc<dyn WebhookSender>,
}

/// What a webhook has to do next.
enum Next {
    /// It is removed or disabled, or there are no changes that it has not sent.
    Nothing,
    /// Its user is disabled.
    Later,
    /// The changes up to a number are not among those that it sends.
    Skip(u64),
    /// The changes up to a number are not kept any more.
    Expired(u64),
    /// It sends this change.
    Send(Box<Webhook>, Change),
}

/// Whether a run goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Next,
    Last,
}

impl WebhookHandler {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, sender: Arc<dyn WebhookSender>) -> Self {
        Self { ports, sender }
    }

    /// Inserts the jobs of webhooks that have changes to send. Called after changes, and from time to time, by each node.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn schedule(&self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let read = self.ports.transactions.read(async |unit| Ok(unit.webhooks().list_behind(after, BATCH).await?));
            let behind = read.await?;
            let Some(last) = behind.last() else { return Ok(()) };
            after = Some(last.id);
            let inserted = self.ports.transactions.write(async |tx| {
                for webhook in &behind {
                    insert(tx, webhook).await?;
                }
                tx.wake_deliveries();
                Ok(())
            });
            match inserted.await {
                // A user was removed meanwhile: the next call finds the others.
                Err(Error::Store(StoreError::Conflict { what: Conflict::Parent })) => return Ok(()),
                inserted => inserted?,
            }
            if behind.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    /// Sends the next change of a webhook, if it has one to send.
    async fn step(&self, job: &Job) -> Result<Step, Error> {
        let id = WebhookId::new(job.id.as_uuid());
        let transactions = self.transactions(job);
        match transactions.read_boxed(id, |unit, id| Box::pin(next(unit, *id))).await? {
            Next::Nothing => transactions.write_boxed(job.clone(), |tx, job| Box::pin(end(tx, job))).await,
            Next::Later => {
                let input = (job.clone(), self.ports.now() + PAUSE);
                transactions.write_boxed(input, |tx, (job, run_at)| Box::pin(put_back(tx, job, *run_at))).await
            }
            Next::Skip(seq) => {
                transactions.write_boxed((job.clone(), seq), |tx, (job, seq)| Box::pin(skip(tx, job, *seq))).await
            }
            Next::Expired(seq) => {
                let input = (job.clone(), seq);
                transactions.write_boxed(input, |tx, (job, seq)| Box::pin(attempt::expired(tx, job, *seq))).await
            }
            Next::Send(webhook, change) => {
                let event = WebhookEvent::Change(change);
                let outcome = self.send(&webhook, event, message_id(webhook.id, change.seq)).await?;
                let (ports, job, wait) = (self.ports.clone(), job.clone(), self.jitter());
                let attempt = Attempt { ports, job, url: webhook.url, change, outcome, wait };
                transactions.write_boxed(attempt, |tx, attempt| Box::pin(attempt.record(tx))).await
            }
        }
    }

    async fn send(&self, webhook: &Webhook, event: WebhookEvent, id: String) -> Result<WebhookOutcome, Error> {
        let secret = open(&*self.ports.sealer, webhook.id, &webhook.secret);
        let message = WebhookMessage {
            id,
            url: webhook.url.clone(),
            secret: secret.map_err(|source| Error::Internal { source })?,
            sent_at: self.ports.now(),
            event,
        };
        Ok(self.sender.send(&message).await)
    }

    fn transactions(&self, job: &Job) -> Transactions {
        job.owner.map_or_else(|| self.ports.transactions.clone(), |owner| self.ports.transactions.on_behalf_of(owner))
    }

    /// A factor of the next wait, so that the retries of many webhooks do not come at once.
    fn jitter(&self) -> f64 {
        let [first, ..] = *self.ports.secrets.next().expose();
        0.8 + 0.4 * f64::from(first) / f64::from(u8::MAX)
    }
}

#[async_trait]
impl JobHandler for WebhookHandler {
    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::WEBHOOK, JobKind::WEBHOOK_DELIVERY]
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn run(&self, job: &Job) -> Result<JobOutcome, JobError> {
        self.work(job).await.map_err(|error| match error {
            Error::Internal { source } => JobError::Permanent(source),
            error => JobError::Temporary(error.into()),
        })?;
        Ok(JobOutcome::Recorded)
    }
}

impl WebhookHandler {
    async fn work(&self, job: &Job) -> Result<(), Error> {
        if job.kind == JobKind::WEBHOOK_DELIVERY {
            return self.send_requested(job).await;
        }
        let began = self.ports.now();
        for _ in 0..STEPS {
            if self.step(job).await? == Step::Last {
                return Ok(());
            }
            if self.ports.now().since(began) > MAX_TIME {
                break;
            }
        }
        // Due at once, after the jobs that wait already.
        let input = (job.clone(), self.ports.now());
        let rest = self.transactions(job);
        rest.write_boxed(input, |tx, (job, run_at)| Box::pin(put_back(tx, job, *run_at))).await.map(drop)
    }
}

/// Identifies a change among the messages of a webhook.
fn message_id(webhook: WebhookId, seq: u64) -> String {
    format!("msg_{}_{seq}", webhook.as_uuid().simple())
}

/// Inserts the job of a webhook. One that failed for good is tried again later.
async fn insert(tx: &mut Transaction, webhook: &Webhook) -> Result<(), Error> {
    let now = tx.now();
    let job = Job {
        id: job_id(webhook.id),
        owner: Some(webhook.user_id),
        kind: JobKind::WEBHOOK,
        label: "webhook".to_owned(),
        payload: Sealed::new(Vec::new()),
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: now,
        created_at: now,
        error: None,
    };
    match tx.jobs().lookup(job.id).await? {
        // Another node was faster.
        Some(known) if known.state == JobState::Waiting => Ok(()),
        Some(_) => Ok(tx.jobs().update(&Job { run_at: now + PAUSE, ..job }).await?),
        None => {
            tx.retry_on(Conflict::Id);
            Ok(tx.jobs().insert(&job).await?)
        }
    }
}

/// Decides what a webhook has to do.
async fn next(unit: &mut dyn UnitOfWork, id: WebhookId) -> Result<Next, Error> {
    let webhook = unit.webhooks().lookup(id).await?.filter(|webhook| webhook.enabled);
    let Some(webhook) = webhook else { return Ok(Next::Nothing) };
    match unit.users().lookup(webhook.user_id).await? {
        None => return Ok(Next::Nothing),
        Some(user) if user.disabled_at.is_some() => return Ok(Next::Later),
        Some(_) => {}
    }
    let (user, since) = (webhook.user_id, webhook.delivered_seq);
    let mut changes = unit.changes().list(user, since, Limit::default()).await?;
    if changes.is_empty() {
        let last = unit.changes().last_seq(user).await?;
        if last <= since {
            return Ok(Next::Nothing);
        }
        // The change may have come between the two reads.
        changes = unit.changes().list(user, since, Limit::default()).await?;
        if changes.is_empty() {
            return Ok(Next::Expired(last));
        }
    }
    let is_sent = |change: &&Change| webhook.events.contains(change.kind);
    Ok(match (changes.first(), changes.last(), changes.iter().find(is_sent)) {
        (Some(first), ..) if first.seq > since + 1 => Next::Expired(first.seq - 1),
        (_, _, Some(change)) => Next::Send(Box::new(webhook.clone()), *change),
        (_, Some(last), None) => Next::Skip(last.seq),
        (_, None, None) => Next::Nothing,
    })
}

/// Removes the job, if there is still nothing to send.
async fn end(tx: &mut Transaction, job: &Job) -> Result<Step, Error> {
    let webhook = tx.webhooks().lookup(WebhookId::new(job.id.as_uuid())).await?;
    if !tx.jobs().holds(job).await? {
        return Ok(Step::Last);
    }
    match webhook {
        Some(webhook) if webhook.enabled => end_if_all_is_sent(tx, job, &webhook).await,
        _ => {
            tx.jobs().remove(job.id).await?;
            Ok(Step::Last)
        }
    }
}

async fn end_if_all_is_sent(tx: &mut Transaction, job: &Job, webhook: &Webhook) -> Result<Step, Error> {
    if tx.changes().last_seq(webhook.user_id).await? > webhook.delivered_seq {
        return Ok(Step::Next);
    }
    tx.jobs().remove(job.id).await?;
    Ok(Step::Last)
}

/// Ends the lease of the job, which is due at this time.
async fn put_back(tx: &mut Transaction, job: &Job, run_at: Timestamp) -> Result<Step, Error> {
    if tx.jobs().holds(job).await? {
        tx.jobs().update(&Job { attempts: 0, begun: 0, run_at, error: None, ..job.clone() }).await?;
        tx.wake_deliveries();
    }
    Ok(Step::Last)
}

/// Records that the changes up to a number are done.
async fn skip(tx: &mut Transaction, job: &Job, seq: u64) -> Result<Step, Error> {
    let webhook = tx.webhooks().lookup(WebhookId::new(job.id.as_uuid())).await?;
    let (Some(webhook), true) = (webhook, tx.jobs().holds(job).await?) else { return Ok(Step::Last) };
    let webhook = Webhook { delivered_seq: seq.max(webhook.delivered_seq), ..webhook };
    tx.webhooks().update(&webhook).await?;
    end_if_all_is_sent(tx, job, &webhook).await
}
