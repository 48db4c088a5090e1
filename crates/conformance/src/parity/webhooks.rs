//! Calls on webhooks.

use memo_domain::{
    Limit, PageRequest, PageStart, UnitOfWork, Webhook, WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookId,
};

use super::{
    Script,
    pair::{Kind, Pair},
    texts::some_time,
};
use crate::samples::{webhook, webhook_delivery, webhook_delivery_id, webhook_id};

const FIRST: u32 = 6_000_000;

impl Script<'_> {
    /// One of a few: most of them exist.
    fn some_webhook(&mut self) -> WebhookId {
        webhook_id(FIRST + u32::try_from(self.chance.below(4)).expect("a small number"))
    }

    fn some_delivery(&mut self) -> WebhookDeliveryId {
        webhook_delivery_id(FIRST + u32::try_from(self.chance.below(3)).expect("a small number"))
    }

    /// Inserts, updates or removes a webhook, or one of its deliveries.
    pub(super) async fn write_webhook(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (id, delivery_id, user) = (self.some_webhook(), self.some_delivery(), self.some_holder(pair).await);
        let stored = pair.reference().webhooks().lookup(id).await.expect("webhooks are read");
        let (chance, log) = (&mut self.chance, &mut self.log);
        let new = Webhook {
            id,
            enabled: chance.percent(80),
            delivered_seq: chance.below(9) as u64,
            failing_since: chance.maybe(50, some_time),
            ..webhook(0, user)
        };
        let (at, seq) = (some_time(chance), chance.below(3) as u64);
        match (chance.below(12), stored) {
            (0 | 8 | 9, _) => {
                let what = format!("remove {id:?}");
                pair.ask(log, what, async |uow| uow.webhooks().remove(id).await).await.map(drop)
            }
            (1..=6, Some(_)) => {
                let event = if seq == 0 { WebhookEvent::Ping { at } } else { WebhookEvent::Expired { seq, at } };
                let delivery = WebhookDelivery { id: delivery_id, at, event, ..webhook_delivery(0, id) };
                let known = pair.reference().webhooks().lookup_delivery(delivery_id).await.expect("they are read");
                if let Some(known) = known {
                    let delivery = WebhookDelivery { webhook_id: known.webhook_id, ..delivery };
                    let what = format!("update {delivery:?}");
                    return pair.ask(log, what, async |uow| uow.webhooks().update_delivery(&delivery).await).await;
                }
                let what = format!("insert and update {delivery:?}");
                pair.ask(log, what, async |uow| {
                    uow.webhooks().insert_delivery(&delivery).await?;
                    uow.webhooks().remove_old_deliveries(id, 3).await?;
                    uow.webhooks().update_delivery(&delivery).await
                })
                .await
            }
            (7, _) => {
                let what = format!("keep three deliveries of {id:?}");
                pair.ask(log, what, async |uow| uow.webhooks().remove_old_deliveries(id, 3).await).await
            }
            (_, Some(Webhook { user_id, .. })) => {
                let new = Webhook { user_id, ..new };
                pair.ask(log, format!("update {new:?}"), async |uow| uow.webhooks().update(&new).await).await
            }
            (_, None) => {
                let insert = async |uow: &mut dyn UnitOfWork| {
                    uow.webhooks().insert(&new).await?;
                    uow.webhooks().update(&new).await
                };
                pair.ask(log, format!("insert and update {new:?}"), insert).await
            }
        }
    }

    /// Reads a webhook, its deliveries, and those that are behind.
    pub(super) async fn read_webhooks(&mut self, pair: &mut Pair) {
        let (id, delivery, user) = (self.some_webhook(), self.some_delivery(), self.some_user());
        let page = PageRequest { limit: Limit::default(), start: PageStart::Offset(0) };
        let read = async |uow: &mut dyn UnitOfWork| {
            let one = uow.webhooks().lookup(id).await?;
            let all = uow.webhooks().list_by_user(user).await?;
            let behind = uow.webhooks().list_behind(Some(id), 5).await?;
            let of_event = uow.webhooks().find_delivery(id, 1).await?;
            let delivery = uow.webhooks().lookup_delivery(delivery).await?;
            Ok((one, all, behind, of_event, delivery, uow.webhooks().list_deliveries(id, &page).await?))
        };
        let _ = pair.ask(&mut self.log, format!("{id:?}, and the webhooks of {user:?}"), read).await;
    }
}
