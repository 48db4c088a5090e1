//! Records attempts: what follows from a success, a failure, and failures for days.

use std::{sync::Arc, time::Duration};

use memo_domain::{
    AuditKind, Change, DeliveryError, DeliveryStatus, DisabledReason, Job, MailMessage, Timestamp, Webhook,
    WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookId, WebhookOutcome, WebhookUrl,
};

use super::{Step, end_if_all_is_sent, put_back};
use crate::{Device, Error, Ports, audit::AuditEntry, jobs::mail, transaction::Transaction};

/// How long a webhook may fail before it is disabled.
const PATIENCE: Duration = Duration::from_hours(3 * 24);
/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_hours(4);
/// The status of a receiver that is gone for good.
const GONE: u16 = 410;

/// An attempt to send a change.
pub struct Attempt {
    pub ports: Arc<Ports>,
    pub job: Job,
    /// Where to.
    pub url: WebhookUrl,
    pub change: Change,
    pub outcome: WebhookOutcome,
    /// The factor of the wait before the next one.
    pub wait: f64,
}

impl Attempt {
    /// Records it, unless another worker has the job.
    pub async fn record(&self, tx: &mut Transaction) -> Result<Step, Error> {
        let webhook = tx.webhooks().lookup(WebhookId::new(self.job.id.as_uuid())).await?;
        let (Some(mut webhook), true) = (webhook, tx.jobs().holds(&self.job).await?) else { return Ok(Step::Last) };
        if self.outcome.error.is_some() && webhook.url != self.url {
            // Its user has changed the URL meanwhile, perhaps because of such errors: they say nothing about the new one.
            return put_back(tx, &self.job, tx.now()).await;
        }
        let known = tx.webhooks().find_delivery(webhook.id, self.change.seq).await?;
        let mut delivery = attempted(tx, known.as_ref(), &webhook, WebhookEvent::Change(self.change), self.outcome);
        let step = if self.outcome.error.is_none() {
            delivery.status = DeliveryStatus::Succeeded;
            webhook.delivered_seq = self.change.seq.max(webhook.delivered_seq);
            (webhook.failures, webhook.failing_since) = (0, None);
            end_if_all_is_sent(tx, &self.job, &webhook).await?
        } else {
            self.fail(tx, &mut webhook, &mut delivery).await?;
            Step::Last
        };
        match known {
            Some(_) => tx.webhooks().update_delivery(&delivery).await?,
            None => insert(tx, &delivery).await?,
        }
        tx.webhooks().update(&webhook).await?;
        Ok(step)
    }

    async fn fail(
        &self,
        tx: &mut Transaction,
        webhook: &mut Webhook,
        delivery: &mut WebhookDelivery,
    ) -> Result<(), Error> {
        let now = tx.now();
        webhook.failures = webhook.failures.saturating_add(1);
        let end = *webhook.failing_since.get_or_insert(now) + PATIENCE;
        let reason = match self.outcome.status {
            Some(GONE) => Some(DisabledReason::Gone),
            _ if now >= end => Some(DisabledReason::Failing),
            _ => None,
        };
        if let Some(reason) = reason {
            delivery.status = DeliveryStatus::Failed;
            tx.jobs().remove(self.job.id).await?;
            return self.disable(tx, webhook, reason).await;
        }
        // The last attempt is made when the patience ends.
        let next = (now + backoff(webhook.failures).mul_f64(self.wait)).min(end);
        (delivery.status, delivery.next_attempt_at) = (DeliveryStatus::Pending, Some(next));
        let error = delivery.error.map(|error| error.name().to_owned());
        // Those of the receiver are counted by the webhook: a job dies of its own.
        let job = Job { attempts: 0, begun: 0, run_at: next, error, ..self.job.clone() };
        Ok(tx.jobs().update(&job).await?)
    }

    /// Disables a webhook, and tells its user.
    async fn disable(&self, tx: &mut Transaction, webhook: &mut Webhook, reason: DisabledReason) -> Result<(), Error> {
        if !webhook.enabled {
            // Its user was faster.
            return Ok(());
        }
        (webhook.enabled, webhook.disabled_reason) = (false, Some(reason));
        webhook.updated_at = tx.now().not_before(webhook.updated_at);
        let server = Device::default();
        let entry = AuditEntry::new(webhook.user_id, AuditKind::WebhookDisabled, &server);
        tx.record(entry.with_detail(webhook.id.to_string())).await?;
        let name = webhook.name.as_ref().map_or_else(|| webhook.url.authority(), |name| name.as_str());
        let message = MailMessage::WebhookDisabled { webhook: name.to_owned() };
        match tx.users().lookup(webhook.user_id).await? {
            Some(user) => mail::send(tx, &self.ports, &user, message).await,
            None => Ok(()),
        }
    }
}

/// A delivery after an attempt.
pub fn attempted(
    tx: &Transaction,
    known: Option<&WebhookDelivery>,
    webhook: &Webhook,
    event: WebhookEvent,
    outcome: WebhookOutcome,
) -> WebhookDelivery {
    WebhookDelivery {
        id: known.map_or_else(|| WebhookDeliveryId::new(tx.new_id()), |known| known.id),
        webhook_id: webhook.id,
        event,
        status: DeliveryStatus::Failed,
        response_status: outcome.status,
        duration_ms: Some(u32::try_from(outcome.duration.as_millis()).unwrap_or(u32::MAX)),
        error: outcome.error,
        attempts: known.map_or(0, |known| known.attempts).saturating_add(1),
        at: tx.now(),
        next_attempt_at: None,
    }
}

async fn insert(tx: &mut Transaction, delivery: &WebhookDelivery) -> Result<(), Error> {
    tx.webhooks().insert_delivery(delivery).await?;
    Ok(tx.webhooks().remove_old_deliveries(delivery.webhook_id, Webhook::KEPT_DELIVERIES).await?)
}

/// Records that the changes up to a number are not kept any more.
pub async fn expired(tx: &mut Transaction, job: &Job, seq: u64) -> Result<Step, Error> {
    let webhook = tx.webhooks().lookup(WebhookId::new(job.id.as_uuid())).await?;
    let (Some(webhook), true) = (webhook, tx.jobs().holds(job).await?) else { return Ok(Step::Last) };
    let now: Timestamp = tx.now();
    let delivery = WebhookDelivery {
        id: WebhookDeliveryId::new(tx.new_id()),
        webhook_id: webhook.id,
        event: WebhookEvent::Expired { seq, at: now },
        status: DeliveryStatus::Failed,
        response_status: None,
        duration_ms: None,
        error: Some(DeliveryError::Expired),
        attempts: 0,
        at: now,
        next_attempt_at: None,
    };
    insert(tx, &delivery).await?;
    let webhook = Webhook { delivered_seq: seq.max(webhook.delivered_seq), ..webhook };
    tx.webhooks().update(&webhook).await?;
    end_if_all_is_sent(tx, job, &webhook).await
}

/// The wait after this number of failures: 5 s, 10 s, 20 s … 4 h.
fn backoff(failures: u32) -> Duration {
    (FIRST_WAIT * (1 << failures.saturating_sub(1).min(12))).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_four_hours() {
        let seconds = [1, 2, 3, 11, 12, 13, 100].map(|failures| backoff(failures).as_secs());
        assert_eq!(seconds, [5, 10, 20, 5_120, 10_240, 14_400, 14_400]);
    }
}
