use async_trait::async_trait;
use memo_domain::{
    IdempotencyRepository, IdempotentRequest, IdempotentResponse, SecretDigest, StoreError, Timestamp, UserId,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryTrait, sea_query::Expr};

use super::{unit_of_work::SeaOrmUnitOfWork, values::digest};
use idempotent_response::{ActiveModel, Column, Entity, Model};

mod idempotent_response {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "idempotent_responses")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Vec<u8>,
            pub user_id: Uuid,
            pub fingerprint: Vec<u8>,
            pub status: i64,
            pub location: Option<String>,
            pub etag: Option<String>,
            pub created_at: i64,
            pub body: Vec<u8>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl IdempotencyRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: &SecretDigest) -> Result<Option<IdempotentResponse>, StoreError> {
        let statement = Entity::find().filter(is(id)).build(self.backend);
        self.find_one::<Model>(statement).await?.map(response).transpose()
    }

    async fn insert(&mut self, response: &IdempotentResponse) -> Result<(), StoreError> {
        let request = &response.request;
        let row = ActiveModel {
            id: Set(request.id.as_bytes().to_vec()),
            user_id: Set(request.user_id.as_uuid()),
            fingerprint: Set(request.fingerprint.as_bytes().to_vec()),
            status: Set(response.status.into()),
            location: Set(response.location.clone()),
            etag: Set(response.etag.clone()),
            created_at: Set(response.created_at.as_micros()),
            body: Set(response.body.clone()),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn remove_expired(&mut self, id: &SecretDigest, time: Timestamp) -> Result<bool, StoreError> {
        let delete = Entity::delete_many().filter(is(id)).filter(Column::CreatedAt.lt(time.as_micros()));
        Ok(self.execute(delete.build(self.backend)).await? > 0)
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.remove_oldest("idempotent_responses", "id", "created_at", time, most.into()).await
    }
}

fn is(id: &SecretDigest) -> Expr {
    Column::Id.eq(id.as_bytes().to_vec())
}

fn response(row: Model) -> Result<IdempotentResponse, StoreError> {
    let (id, fingerprint) = (digest(&row.id)?, digest(&row.fingerprint)?);
    Ok(IdempotentResponse {
        request: IdempotentRequest { user_id: UserId::new(row.user_id), id, fingerprint },
        status: u16::try_from(row.status).map_err(StoreError::corrupt)?,
        location: row.location,
        etag: row.etag,
        body: row.body,
        created_at: Timestamp::from_micros(row.created_at),
    })
}
