//! The repository of webhooks and their deliveries.

use async_trait::async_trait;
use memo_domain::{
    Change, ChangeKind, DeliveryError, DeliveryStatus, DisabledReason, MemoId, Page, PageRequest, Sealed, StoreError,
    Timestamp, UserId, Webhook, WebhookDelivery, WebhookDeliveryId, WebhookEvent, WebhookEvents, WebhookId,
    WebhookName, WebhookRepository, WebhookUrl,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};

use super::{
    unit_of_work::{Key, SeaOrmUnitOfWork},
    values::{name, named, page, version},
};

mod webhook {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "webhooks")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub user_id: Uuid,
            pub name: Option<String>,
            pub url: String,
            pub events: String,
            pub secret: Vec<u8>,
            pub enabled: bool,
            pub disabled_reason: Option<String>,
            pub delivered_seq: i64,
            pub failures: i64,
            pub failing_since: Option<i64>,
            pub created_at: i64,
            pub updated_at: i64,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod delivery {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "webhook_deliveries")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub webhook_id: Uuid,
            pub kind: String,
            pub seq: Option<i64>,
            pub memo_id: Option<Uuid>,
            pub version: Option<i64>,
            pub event_at: i64,
            pub status: String,
            pub response_status: Option<i64>,
            pub duration_ms: Option<i64>,
            pub error: Option<String>,
            pub attempts: i64,
            pub at: i64,
            pub next_attempt_at: Option<i64>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The feed of the user is longer than what was sent.
const IS_BEHIND: &str = "EXISTS (
    SELECT 1 FROM change_feeds WHERE change_feeds.owner_id = webhooks.user_id AND change_feeds.last_seq > webhooks.delivered_seq
)";
/// No job will send the changes.
const HAS_NO_JOB: &str = "NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = webhooks.id AND jobs.state = 'waiting')";

#[async_trait]
impl WebhookRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        let select = self.locking(webhook::Entity::find().filter(webhook::Column::Id.eq(id.as_uuid())));
        self.find_one(select.build(self.backend)).await?.map(read_webhook).transpose()
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Webhook>, StoreError> {
        let select = webhook::Entity::find()
            .filter(webhook::Column::UserId.eq(user.as_uuid()))
            .order_by_desc(webhook::Column::Id);
        self.find_all(select.build(self.backend)).await?.into_iter().map(read_webhook).collect()
    }

    async fn list_behind(&mut self, after: Option<WebhookId>, limit: u32) -> Result<Vec<Webhook>, StoreError> {
        let select = webhook::Entity::find()
            .filter(webhook::Column::Enabled.eq(true))
            .filter(Expr::cust(IS_BEHIND))
            .filter(Expr::cust(HAS_NO_JOB))
            .apply_if(after, |select, after| select.filter(webhook::Column::Id.gt(after.as_uuid())))
            .order_by_asc(webhook::Column::Id)
            .limit(u64::from(limit));
        self.find_all(select.build(self.backend)).await?.into_iter().map(read_webhook).collect()
    }

    async fn insert(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let row = webhook_row(webhook)?;
        self.execute(webhook::Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn update(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        let statement = webhook::Entity::update_many()
            .set(webhook_row(webhook)?)
            .filter(webhook::Column::Id.eq(webhook.id.as_uuid()));
        self.execute_versioned(statement.build(self.backend)).await
    }

    async fn remove(&mut self, id: WebhookId) -> Result<bool, StoreError> {
        let statement = webhook::Entity::delete_many().filter(webhook::Column::Id.eq(id.as_uuid()));
        Ok(self.execute(statement.build(self.backend)).await? == 1)
    }

    async fn lookup_delivery(&mut self, id: WebhookDeliveryId) -> Result<Option<WebhookDelivery>, StoreError> {
        let select = delivery::Entity::find().filter(delivery::Column::Id.eq(id.as_uuid()));
        self.find_one(select.build(self.backend)).await?.map(read_delivery).transpose()
    }

    async fn find_delivery(&mut self, webhook: WebhookId, seq: u64) -> Result<Option<WebhookDelivery>, StoreError> {
        let select = delivery::Entity::find()
            .filter(delivery::Column::WebhookId.eq(webhook.as_uuid()))
            .filter(delivery::Column::Seq.eq(i64::try_from(seq).map_err(StoreError::corrupt)?))
            .order_by_desc(delivery::Column::Id)
            .limit(1);
        self.find_one(select.build(self.backend)).await?.map(read_delivery).transpose()
    }

    async fn list_deliveries(
        &mut self,
        webhook: WebhookId,
        request: &PageRequest<WebhookDeliveryId>,
    ) -> Result<Page<WebhookDelivery, WebhookDeliveryId>, StoreError> {
        let select = delivery::Entity::find()
            .filter(delivery::Column::WebhookId.eq(webhook.as_uuid()))
            .order_by_desc(delivery::Column::Id);
        let select = page(select, request, |last| delivery::Column::Id.lt(last.as_uuid()));
        let rows = self.find_all(select.build(self.backend)).await?;
        let deliveries = rows.into_iter().map(read_delivery).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(deliveries, request.limit, |delivery: &WebhookDelivery| delivery.id))
    }

    async fn insert_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError> {
        let row = delivery_row(delivery)?;
        self.execute(delivery::Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn update_delivery(&mut self, delivery: &WebhookDelivery) -> Result<(), StoreError> {
        let statement = delivery::Entity::update_many()
            .set(delivery_row(delivery)?)
            .filter(delivery::Column::Id.eq(delivery.id.as_uuid()));
        self.execute(statement.build(self.backend)).await.map(drop)
    }

    async fn remove_old_deliveries(&mut self, webhook: WebhookId, kept: u32) -> Result<(), StoreError> {
        let newest_old = delivery::Entity::find()
            .select_only()
            .column(delivery::Column::Id)
            .filter(delivery::Column::WebhookId.eq(webhook.as_uuid()))
            .order_by_desc(delivery::Column::Id)
            .offset(u64::from(kept))
            .limit(1);
        let Some(Key { id }) = self.find_one(newest_old.build(self.backend)).await? else { return Ok(()) };
        let delete = delivery::Entity::delete_many()
            .filter(delivery::Column::WebhookId.eq(webhook.as_uuid()))
            .filter(delivery::Column::Id.lte(id));
        self.execute(delete.build(self.backend)).await.map(drop)
    }
}

fn webhook_row(webhook: &Webhook) -> Result<webhook::ActiveModel, StoreError> {
    Ok(webhook::ActiveModel {
        id: Set(webhook.id.as_uuid()),
        user_id: Set(webhook.user_id.as_uuid()),
        name: Set(webhook.name.as_ref().map(|name| name.as_str().to_owned())),
        url: Set(webhook.url.as_str().to_owned()),
        events: Set(webhook.events.to_string()),
        secret: Set(webhook.secret.as_bytes().to_vec()),
        enabled: Set(webhook.enabled),
        disabled_reason: Set(webhook.disabled_reason.map(|reason| name(&DisabledReason::NAMES, &reason).to_owned())),
        delivered_seq: Set(i64::try_from(webhook.delivered_seq).map_err(StoreError::corrupt)?),
        failures: Set(webhook.failures.into()),
        failing_since: Set(webhook.failing_since.map(Timestamp::as_micros)),
        created_at: Set(webhook.created_at.as_micros()),
        updated_at: Set(webhook.updated_at.as_micros()),
    })
}

fn read_webhook(row: webhook::Model) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: WebhookId::new(row.id),
        user_id: UserId::new(row.user_id),
        name: row.name.map(WebhookName::new).transpose().map_err(StoreError::corrupt)?,
        url: WebhookUrl::new(row.url).map_err(StoreError::corrupt)?,
        events: WebhookEvents::parse(&row.events).map_err(StoreError::corrupt)?,
        secret: Sealed::new(row.secret),
        enabled: row.enabled,
        disabled_reason: row.disabled_reason.map(|reason| named(&DisabledReason::NAMES, &reason)).transpose()?,
        delivered_seq: u64::try_from(row.delivered_seq).map_err(StoreError::corrupt)?,
        failures: u32::try_from(row.failures).map_err(StoreError::corrupt)?,
        failing_since: row.failing_since.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

fn delivery_row(delivery: &WebhookDelivery) -> Result<delivery::ActiveModel, StoreError> {
    let change = match delivery.event {
        WebhookEvent::Change(change) => Some(change),
        _ => None,
    };
    let seq = delivery.event.seq().map(i64::try_from).transpose().map_err(StoreError::corrupt)?;
    Ok(delivery::ActiveModel {
        id: Set(delivery.id.as_uuid()),
        webhook_id: Set(delivery.webhook_id.as_uuid()),
        kind: Set(delivery.event.name().to_owned()),
        seq: Set(seq),
        memo_id: Set(change.map(|change| change.memo_id.as_uuid())),
        version: Set(change.map(|change| change.version.get().into())),
        event_at: Set(delivery.event.at().as_micros()),
        status: Set(name(&DeliveryStatus::NAMES, &delivery.status).to_owned()),
        response_status: Set(delivery.response_status.map(i64::from)),
        duration_ms: Set(delivery.duration_ms.map(i64::from)),
        error: Set(delivery.error.map(|error| error.name().to_owned())),
        attempts: Set(delivery.attempts.into()),
        at: Set(delivery.at.as_micros()),
        next_attempt_at: Set(delivery.next_attempt_at.map(Timestamp::as_micros)),
    })
}

fn read_delivery(row: delivery::Model) -> Result<WebhookDelivery, StoreError> {
    Ok(WebhookDelivery {
        id: WebhookDeliveryId::new(row.id),
        webhook_id: WebhookId::new(row.webhook_id),
        event: event(&row)?,
        status: named(&DeliveryStatus::NAMES, &row.status)?,
        response_status: row.response_status.map(u16::try_from).transpose().map_err(StoreError::corrupt)?,
        duration_ms: row.duration_ms.map(u32::try_from).transpose().map_err(StoreError::corrupt)?,
        error: row.error.map(|error| named(&DeliveryError::NAMES, &error)).transpose()?,
        attempts: u32::try_from(row.attempts).map_err(StoreError::corrupt)?,
        at: Timestamp::from_micros(row.at),
        next_attempt_at: row.next_attempt_at.map(Timestamp::from_micros),
    })
}

fn event(row: &delivery::Model) -> Result<WebhookEvent, StoreError> {
    let at = Timestamp::from_micros(row.event_at);
    let missing = || StoreError::corrupt("a delivery of a change is incomplete");
    let seq = row.seq.map(u64::try_from).transpose().map_err(StoreError::corrupt)?;
    Ok(match &*row.kind {
        WebhookEvent::PING => WebhookEvent::Ping { at },
        WebhookEvent::EXPIRED => WebhookEvent::Expired { seq: seq.ok_or_else(missing)?, at },
        kind => WebhookEvent::Change(Change {
            seq: seq.ok_or_else(missing)?,
            kind: ChangeKind::from_name(kind).ok_or_else(|| StoreError::corrupt("an unknown kind of change"))?,
            memo_id: MemoId::new(row.memo_id.ok_or_else(missing)?),
            version: version(row.version.ok_or_else(missing)?)?,
            at,
        }),
    })
}
