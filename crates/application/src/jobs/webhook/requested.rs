//! Messages that a user asked for: each is attempted once.

use memo_domain::{
    DeliveryStatus, Job, UnitOfWork, Webhook, WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookId,
    WebhookOutcome,
};

use super::{WebhookHandler, attempt::attempted, message_id};
use crate::{Error, transaction::Transaction};

impl WebhookHandler {
    /// Sends the delivery that has the id of the job.
    pub(super) async fn send_requested(&self, job: &Job) -> Result<(), Error> {
        let id = WebhookDeliveryId::new(job.id.as_uuid());
        let transactions = self.transactions(job);
        let found = transactions.read_boxed(id, |unit, id| Box::pin(find(unit, *id))).await?;
        let Some((webhook, delivery)) = found else {
            return transactions.write_boxed(job.clone(), |tx, job| Box::pin(remove(tx, job))).await;
        };
        let message = match delivery.event {
            WebhookEvent::Change(change) => message_id(webhook.id, change.seq),
            _ => format!("msg_{}", id.as_uuid().simple()),
        };
        let outcome = self.send(&webhook, delivery.event, message).await?;
        let input = (job.clone(), webhook.id, outcome);
        let recorded = transactions
            .write_boxed(input, |tx, (job, webhook, outcome)| Box::pin(record(tx, job, *webhook, *outcome)));
        recorded.await
    }
}

async fn record(tx: &mut Transaction, job: &Job, webhook: WebhookId, outcome: WebhookOutcome) -> Result<(), Error> {
    // Locks the webhook, and so its deliveries.
    let webhook = tx.webhooks().lookup(webhook).await?;
    if !tx.jobs().holds(job).await? {
        return Ok(());
    }
    let known = tx.webhooks().lookup_delivery(WebhookDeliveryId::new(job.id.as_uuid())).await?;
    if let (Some(webhook), Some(known)) = (webhook, known) {
        let mut delivery = attempted(tx, Some(&known), &webhook, known.event, outcome);
        if outcome.error.is_none() {
            delivery.status = DeliveryStatus::Succeeded;
        }
        tx.webhooks().update_delivery(&delivery).await?;
    }
    Ok(tx.jobs().remove(job.id).await?)
}

/// Returns a delivery, if its webhook and its user are there.
async fn find(unit: &mut dyn UnitOfWork, id: WebhookDeliveryId) -> Result<Option<(Webhook, WebhookDelivery)>, Error> {
    let Some(delivery) = unit.webhooks().lookup_delivery(id).await? else { return Ok(None) };
    let Some(webhook) = unit.webhooks().lookup(delivery.webhook_id).await? else { return Ok(None) };
    let user = unit.users().lookup(webhook.user_id).await?.filter(|user| user.disabled_at.is_none());
    Ok(user.map(|_| (webhook, delivery)))
}

async fn remove(tx: &mut Transaction, job: &Job) -> Result<(), Error> {
    if tx.jobs().holds(job).await? {
        tx.jobs().remove(job.id).await?;
    }
    Ok(())
}
