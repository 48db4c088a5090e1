//! Webhooks and their deliveries.

use async_trait::async_trait;
use memo_domain::{
    Conflict, DeliveryError, DeliveryStatus, DisabledReason, Job, JobId, JobState, Page, PageRequest, Source,
    StoreError, UserId, Webhook, WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookEvents, WebhookId,
    WebhookName, WebhookRepository, WebhookUrl,
};

use super::{changes::Feed, users::require_user};
use crate::{
    Direction,
    codec::{Codec, Input, enums, read_text, record, texts, write_bytes},
    entity::{Entity, PRIMARY},
    keys::{KeyRange, key},
    store::Unit,
    transaction::{Transaction, range, require},
};

texts!(WebhookName WebhookUrl);
enums! {
    DisabledReason { Failing = 1, Gone = 2 }
    DeliveryStatus { Pending = 1, Succeeded = 2, Failed = 3 }
    DeliveryError {
        Timeout = 1, ConnectionFailed = 2, NameNotResolved = 3, AddressNotAllowed = 4, Tls = 5, Redirect = 6,
        UnexpectedStatus = 7, Expired = 8
    }
}

impl Codec for WebhookEvents {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.to_string().as_bytes(), out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::parse(read_text(input)?)?)
    }
}

impl Codec for WebhookEvent {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ping { at } => {
                out.push(1);
                at.write(out);
            }
            Self::Change(change) => {
                out.push(2);
                change.write(out);
            }
            Self::Expired { seq, at } => {
                out.push(3);
                seq.write(out);
                at.write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            1 => Ok(Self::Ping { at: Codec::read(input)? }),
            2 => Codec::read(input).map(Self::Change),
            3 => Ok(Self::Expired { seq: Codec::read(input)?, at: Codec::read(input)? }),
            number => Err(format!("no event of a webhook has number {number}").into()),
        }
    }
}

record!(Webhook, 1, {
    id, user_id, name, url, events, secret, enabled, disabled_reason, delivered_seq, failures, failing_since, created_at,
    updated_at
});

const WEBHOOK_BY_USER: u8 = 1;

impl Entity for Webhook {
    const TABLE: u8 = 40;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        vec![(WEBHOOK_BY_USER, key![self.user_id, self.id])]
    }
}

record!(WebhookDelivery, 1, {
    id, webhook_id, event, status, response_status, duration_ms, error, attempts, at, next_attempt_at
});

const WEBHOOK_DELIVERY_BY_WEBHOOK: u8 = 1;
/// The deliveries about changes, by the number of the change.
const WEBHOOK_DELIVERY_BY_EVENT: u8 = 2;

impl Entity for WebhookDelivery {
    const TABLE: u8 = 41;

    fn key(&self) -> Vec<u8> {
        key![self.id]
    }

    fn indexes(&self) -> Vec<(u8, Vec<u8>)> {
        let mut indexes = vec![(WEBHOOK_DELIVERY_BY_WEBHOOK, key![self.webhook_id, self.id])];
        indexes.extend(self.event.seq().map(|seq| (WEBHOOK_DELIVERY_BY_EVENT, key![self.webhook_id, seq, self.id])));
        indexes
    }
}

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
