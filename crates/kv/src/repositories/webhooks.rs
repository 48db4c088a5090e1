use async_trait::async_trait;
use memo_domain::{
    Conflict, Job, JobId, JobState, Page, PageRequest, StoreError, UserId, Webhook, WebhookDelivery, WebhookDeliveryId,
    WebhookId, WebhookRepository,
};

use crate::{
    Direction,
    keys::{KeyRange, key},
    records::{Feed, PRIMARY, WEBHOOK_BY_USER, WEBHOOK_DELIVERY_BY_EVENT, WEBHOOK_DELIVERY_BY_WEBHOOK},
    repositories::users::require_user,
    store::Unit,
    transaction::{Transaction, range, require},
};

#[async_trait]
impl WebhookRepository for Unit {
    async fn lookup(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Webhook>, StoreError> {
        self.read(move |tx| {
            let mut webhooks = tx.all::<Webhook>(WEBHOOK_BY_USER, &key![user])?;
            webhooks.reverse();
            Ok(webhooks)
        })
        .await
    }

    async fn list_behind(&mut self, after: Option<WebhookId>, limit: u32) -> Result<Vec<Webhook>, StoreError> {
        self.read(move |tx| {
            let all: KeyRange = range::<Webhook>(PRIMARY, &[]);
            let rest = match after {
                Some(id) => all.after(&key![id], Direction::Ascending),
                None => all,
            };
            let mut behind = Vec::new();
            for webhook in tx.scan::<Webhook>(PRIMARY, &rest, Direction::Ascending) {
                let webhook = webhook?;
                if behind.len() == limit as usize {
                    break;
                }
                if is_behind(tx, &webhook)? {
                    behind.push(webhook);
                }
            }
            Ok(behind)
        })
        .await
    }

    async fn insert(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let webhook = webhook.clone();
        self.write(move |tx| {
            tx.insert(&webhook)?;
            require_user(tx, webhook.user_id)
        })
        .await
    }

    async fn update(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let webhook = webhook.clone();
        self.write(move |tx| {
            let old = tx.get::<Webhook>(&key![webhook.id])?.ok_or(StoreError::Stale)?;
            tx.replace(&old, &webhook)
        })
        .await
    }

    async fn remove(&mut self, id: WebhookId) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let Some(webhook) = tx.get::<Webhook>(&key![id])? else { return Ok(false) };
            remove_webhook(tx, &webhook)?;
            Ok(true)
        })
        .await
    }

    async fn lookup_delivery(&mut self, id: WebhookDeliveryId) -> Result<Option<WebhookDelivery>, StoreError> {
        self.read(move |tx| tx.get(&key![id])).await
    }

    async fn find_delivery(&mut self, webhook: WebhookId, seq: u64) -> Result<Option<WebhookDelivery>, StoreError> {
        self.read(move |tx| {
            let of_event = range::<WebhookDelivery>(WEBHOOK_DELIVERY_BY_EVENT, &key![webhook, seq]);
            tx.scan(WEBHOOK_DELIVERY_BY_EVENT, &of_event, Direction::Descending).next().transpose()
        })
        .await
    }

    async fn list_deliveries(
        &mut self,
        webhook: WebhookId,
        page: &PageRequest<WebhookDeliveryId>,
    ) -> Result<Page<WebhookDelivery, WebhookDeliveryId>, StoreError> {
        let page = page.clone();
        self.read(move |tx| {
            let cursor = (|delivery: &WebhookDelivery| delivery.id, |id: &WebhookDeliveryId| key![*id]);
            let list = (WEBHOOK_DELIVERY_BY_WEBHOOK, &*key![webhook], Direction::Descending);
            tx.page(list, &page, cursor, |_| true)
        })
        .await
    }

    async fn insert_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        self.write(move |tx| {
            tx.insert(&delivery)?;
            require(tx.contains::<Webhook>(&key![delivery.webhook_id])?, Conflict::Parent)
        })
        .await
    }

    async fn update_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        self.write(move |tx| match tx.get::<WebhookDelivery>(&key![delivery.id])? {
            Some(old) => tx.replace(&old, &delivery),
            None => Ok(()),
        })
        .await
    }

    async fn remove_old_deliveries(&mut self, webhook: WebhookId, kept: u32) -> Result<(), StoreError> {
        self.write(move |tx| {
            let all = range::<WebhookDelivery>(WEBHOOK_DELIVERY_BY_WEBHOOK, &key![webhook]);
            let old = tx.scan::<WebhookDelivery>(WEBHOOK_DELIVERY_BY_WEBHOOK, &all, Direction::Descending);
            let old = old.skip(kept as usize).collect::<Result<Vec<_>, _>>()?;
            for delivery in old {
                tx.remove(&delivery);
            }
            Ok(())
        })
        .await
    }
}

/// Whether a webhook has changes to send, and no job does.
fn is_behind(tx: &Transaction, webhook: &Webhook) -> Result<bool, StoreError> {
    let last = tx.get::<Feed>(&key![webhook.user_id])?.map_or(0, |feed| feed.last_seq);
    if !webhook.enabled || webhook.delivered_seq >= last {
        return Ok(false);
    }
    let job = tx.get::<Job>(&key![JobId::new(webhook.id.as_uuid())])?;
    Ok(job.is_none_or(|job| job.state != JobState::Waiting))
}

/// Removes a webhook with its deliveries.
fn remove_webhook(tx: &mut Transaction, webhook: &Webhook) -> Result<(), StoreError> {
    tx.remove_all::<WebhookDelivery>(WEBHOOK_DELIVERY_BY_WEBHOOK, &key![webhook.id])?;
    tx.remove(webhook);
    Ok(())
}

/// Removes the webhooks of a user.
pub fn remove_of_user(tx: &mut Transaction, user: UserId) -> Result<(), StoreError> {
    for webhook in tx.all::<Webhook>(WEBHOOK_BY_USER, &key![user])? {
        remove_webhook(tx, &webhook)?;
    }
    Ok(())
}
