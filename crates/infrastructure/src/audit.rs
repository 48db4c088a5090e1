use async_trait::async_trait;
use memo_domain::{
    ApiKeyId, AuditEvent, AuditId, AuditKind, AuditRepository, Page, PageRequest, StoreError, Timestamp, UserId,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait};

use super::{
    unit_of_work::SeaOrmUnitOfWork,
    values::{named, page},
};
use audit_event::{ActiveModel, Column, Entity, Model};

mod audit_event {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "audit_events")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub user_id: Uuid,
            /// No foreign key: the event stays after the actor's account is removed.
            pub actor_id: Option<Uuid>,
            pub kind: String,
            pub at: i64,
            pub ip: Option<String>,
            pub device: Option<String>,
            pub request_id: Option<String>,
            pub detail: Option<String>,
            /// No foreign key: the event stays after the key is removed.
            pub api_key_id: Option<Uuid>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl AuditRepository for SeaOrmUnitOfWork {
    async fn append(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        let row = ActiveModel {
            id: Set(event.id.as_uuid()),
            user_id: Set(event.user_id.as_uuid()),
            actor_id: Set(event.actor_id.map(UserId::as_uuid)),
            kind: Set(event.kind.name().to_owned()),
            at: Set(event.at.as_micros()),
            ip: Set(event.ip.clone()),
            device: Set(event.device.clone()),
            request_id: Set(event.request_id.clone()),
            detail: Set(event.detail.clone()),
            api_key_id: Set(event.api_key_id.map(ApiKeyId::as_uuid)),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn list(
        &mut self,
        user: Option<UserId>,
        request: &PageRequest<AuditId>,
    ) -> Result<Page<AuditEvent, AuditId>, StoreError> {
        let select = Entity::find()
            .apply_if(user, |select, user| select.filter(Column::UserId.eq(user.as_uuid())))
            .order_by_desc(Column::Id);
        let select = page(select, request, |last| Column::Id.lt(last.as_uuid()));
        let rows = self.find_all::<Model>(select.build(self.backend)).await?;
        let events = rows.into_iter().map(event).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(events, request.limit, |event: &AuditEvent| event.id))
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.remove_oldest("audit_events", "id", "at", time, most.into()).await
    }
}

fn event(row: Model) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        id: AuditId::new(row.id),
        user_id: UserId::new(row.user_id),
        actor_id: row.actor_id.map(UserId::new),
        kind: named(AuditKind::NAMES, &row.kind)?,
        at: Timestamp::from_micros(row.at),
        ip: row.ip,
        device: row.device,
        request_id: row.request_id,
        detail: row.detail,
        api_key_id: row.api_key_id.map(ApiKeyId::new),
    })
}
