//! What users ask for: pings, repeated deliveries, and the list of deliveries.

use memo_domain::{
    DeliveryStatus, Job, JobId, JobKind, JobState, Page, PageRequest, Sealed, UserId, Webhook, WebhookDelivery,
    WebhookDeliveryId, WebhookEvent, WebhookId,
};

use super::{Webhooks, hurry, own};
use crate::{Error, Resource, transaction::Transaction};

/// How many messages that a user asked for may wait at a time.
const MAX_REQUESTED: usize = 5;

impl Webhooks {
    /// Has a test message sent to a webhook, whether it is enabled or not.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::WebhookBusy`] if too many messages wait that the user asked for.
    pub async fn ping(&self, user: UserId, id: WebhookId) -> Result<WebhookDelivery, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let sent = transactions.write(async |tx| {
            own(tx.webhooks().lookup(id).await?, user)?;
            let now = tx.now();
            let delivery = WebhookDelivery {
                id: WebhookDeliveryId::new(tx.new_id()),
                webhook_id: id,
                event: WebhookEvent::Ping { at: now },
                status: DeliveryStatus::Pending,
                response_status: None,
                duration_ms: None,
                error: None,
                attempts: 0,
                at: now,
                next_attempt_at: None,
            };
            insert_job(tx, user, &delivery).await?;
            tx.webhooks().insert_delivery(&delivery).await?;
            tx.webhooks().remove_old_deliveries(id, Webhook::KEPT_DELIVERIES).await?;
            Ok(delivery)
        });
        sent.await
    }

    /// Returns a page of the deliveries of a webhook, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn deliveries(
        &self,
        user: UserId,
        id: WebhookId,
        page: &PageRequest<WebhookDeliveryId>,
    ) -> Result<Page<WebhookDelivery, WebhookDeliveryId>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let found = transactions.read(async |unit| {
            own(unit.webhooks().lookup(id).await?, user)?;
            Ok(unit.webhooks().list_deliveries(id, page).await?)
        });
        found.await
    }

    /// Has a message sent again, with the same id. One that waits for its next attempt does not wait any more.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WebhookEventExpired`], or [`Error::WebhookBusy`] if too many messages wait that the user
    /// asked for.
    pub async fn redeliver(
        &self,
        user: UserId,
        id: WebhookId,
        delivery: WebhookDeliveryId,
    ) -> Result<WebhookDelivery, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let sent = transactions.write(async |tx| {
            let webhook = own(tx.webhooks().lookup(id).await?, user)?;
            let found = tx.webhooks().lookup_delivery(delivery).await?.filter(|found| found.webhook_id == id);
            let mut found = found.ok_or(Error::NotFound(Resource::WebhookDelivery))?;
            if matches!(found.event, WebhookEvent::Expired { .. }) {
                return Err(Error::WebhookEventExpired);
            }
            if webhook.enabled && found.status == DeliveryStatus::Pending && found.next_attempt_at.is_some() {
                hurry(tx, id).await?;
                return Ok(found);
            }
            match tx.jobs().lookup(job_id(delivery)).await? {
                Some(job) if job.state == JobState::Waiting => return Ok(found),
                Some(job) => tx.jobs().remove(job.id).await?,
                None => {}
            }
            insert_job(tx, user, &found).await?;
            (found.status, found.next_attempt_at) = (DeliveryStatus::Pending, None);
            tx.webhooks().update_delivery(&found).await?;
            Ok(found)
        });
        sent.await
    }
}

const fn job_id(delivery: WebhookDeliveryId) -> JobId {
    JobId::new(delivery.as_uuid())
}

async fn insert_job(tx: &mut Transaction, user: UserId, delivery: &WebhookDelivery) -> Result<(), Error> {
    let kind = JobKind::WEBHOOK_DELIVERY;
    if tx.jobs().list_waiting(user, &kind).await?.len() >= MAX_REQUESTED {
        return Err(Error::WebhookBusy);
    }
    let now = tx.now();
    let job = Job {
        id: job_id(delivery.id),
        owner: Some(user),
        kind,
        label: delivery.event.name().to_owned(),
        payload: Sealed::new(Vec::new()),
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: now,
        created_at: now,
        error: None,
    };
    tx.jobs().insert(&job).await?;
    tx.wake_deliveries();
    Ok(())
}
