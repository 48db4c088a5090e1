use async_trait::async_trait;

use super::{Webhook, WebhookDelivery};
use crate::{Page, PageRequest, StoreError, UserId, WebhookDeliveryId, WebhookId};

/// Stores webhooks and their deliveries.
///
/// # Contract
/// * `a_webhook_reads_back_equal`: what was inserted or updated MUST read back equal.
/// * `an_insert_with_a_taken_webhook_id_conflicts`: [`insert`](Self::insert) and
///   [`insert_delivery`](Self::insert_delivery) MUST fail with [`Conflict::Id`](crate::Conflict::Id) if the id is taken.
/// * `a_webhook_needs_its_user`: [`insert`](Self::insert) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if the
///   user does not exist.
/// * `an_update_of_an_absent_webhook_is_stale`: [`update`](Self::update) MUST fail with [`StoreError::Stale`] if there is no
///   such webhook.
/// * `webhooks_are_listed_newest_first`: [`list_by_user`](Self::list_by_user) MUST return all webhooks of a user, and no other
///   user's, by descending ids.
/// * `webhooks_that_are_behind_are_listed`: [`list_behind`](Self::list_behind) MUST return the enabled webhooks whose
///   [`delivered_seq`](Webhook::delivered_seq) is less than the greatest number of the changes of their user, and whose id is
///   not the id of a waiting job, by ascending ids, those after the id if one is given.
/// * `a_looked_up_webhook_does_not_change_until_the_commit`: after [`lookup`](Self::lookup) in a writing unit of work, others
///   MUST NOT change or remove the webhook before this one has ended.
/// * `a_webhook_is_removed_once`: [`remove`](Self::remove) MUST return `true` if the webhook existed, and MUST remove its
///   deliveries.
/// * `a_delivery_reads_back_equal`: what was inserted or updated MUST read back equal, by its id and its number.
/// * `a_delivery_needs_its_webhook`: [`insert_delivery`](Self::insert_delivery) MUST fail with
///   [`Conflict::Parent`](crate::Conflict::Parent) if the webhook does not exist.
/// * `an_absent_delivery_is_not_updated`: [`update_delivery`](Self::update_delivery) MUST do nothing if the delivery does not
///   exist.
/// * `deliveries_are_listed_newest_first`: [`list_deliveries`](Self::list_deliveries) MUST return the deliveries of a webhook
///   by descending ids, in pages that neither skip nor repeat one, with [`Page::next`] `None` exactly on the last.
/// * `the_newest_deliveries_are_kept`: [`remove_old_deliveries`](Self::remove_old_deliveries) MUST remove all deliveries of the
///   webhook but the `kept` ones with the greatest ids.
#[async_trait]
pub trait WebhookRepository: Send {
    /// Returns the webhook with this id.
    async fn lookup(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError>;

    /// Returns all webhooks of a user.
    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Webhook>, StoreError>;

    /// Returns webhooks that have changes to send, and that no job sends.
    async fn list_behind(&mut self, after: Option<WebhookId>, limit: u32) -> Result<Vec<Webhook>, StoreError>;

    /// Adds a webhook.
    async fn insert(&mut self, webhook: &Webhook) -> Result<(), StoreError>;

    /// Replaces the webhook with this id.
    async fn update(&mut self, webhook: &Webhook) -> Result<(), StoreError>;

    /// Removes a webhook. Returns whether it existed.
    async fn remove(&mut self, id: WebhookId) -> Result<bool, StoreError>;

    /// Returns the delivery with this id.
    async fn lookup_delivery(&mut self, id: WebhookDeliveryId) -> Result<Option<WebhookDelivery>, StoreError>;

    /// Returns the newest delivery of a webhook about the change with this number.
    async fn find_delivery(&mut self, webhook: WebhookId, seq: u64) -> Result<Option<WebhookDelivery>, StoreError>;

    /// Returns a page of the deliveries of a webhook, the newest first; its cursor is the id of the last one.
    async fn list_deliveries(
        &mut self,
        webhook: WebhookId,
        page: &PageRequest<WebhookDeliveryId>,
    ) -> Result<Page<WebhookDelivery, WebhookDeliveryId>, StoreError>;

    /// Adds a delivery.
    async fn insert_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError>;

    /// Replaces the delivery with this id.
    async fn update_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError>;

    /// Removes the oldest deliveries of a webhook.
    async fn remove_old_deliveries(&mut self, webhook: WebhookId, kept: u32) -> Result<(), StoreError>;
}
