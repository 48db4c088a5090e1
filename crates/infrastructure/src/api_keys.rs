use async_trait::async_trait;
use memo_domain::{
    ApiKey, ApiKeyId, ApiKeyKind, ApiKeyName, ApiKeyNote, ApiKeyRepository, ApiKeySecret, Networks, Sealed, StoreError,
    Timestamp, UserId,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QueryTrait,
    sea_query::Expr,
};

use super::{
    unit_of_work::SeaOrmUnitOfWork,
    values::{digest, name, named, scopes},
};
use api_key::{ActiveModel, Column, Entity, Model};

mod api_key {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "api_keys")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub user_id: Uuid,
            pub name: String,
            pub note: Option<String>,
            pub kind: String,
            /// A digest or a sealed secret, as the kind says.
            pub secret: Vec<u8>,
            pub scopes: String,
            pub networks: String,
            pub created_at: i64,
            pub expires_at: Option<i64>,
            pub last_used_at: Option<i64>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl ApiKeyRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let select = self.locking(Entity::find().filter(Column::Id.eq(id.as_uuid())));
        self.find_one(select.build(self.backend)).await?.map(api_key).transpose()
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
        let select = Entity::find().filter(Column::UserId.eq(user.as_uuid())).order_by_desc(Column::Id);
        self.find_all(select.build(self.backend)).await?.into_iter().map(api_key).collect()
    }

    async fn insert(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let row = ActiveModel { last_used_at: Set(key.last_used_at.map(Timestamp::as_micros)), ..row(key) };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn update(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let statement = Entity::update_many().set(row(key)).filter(Column::Id.eq(key.id.as_uuid()));
        self.execute_versioned(statement.build(self.backend)).await
    }

    async fn touch(&mut self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        let statement = Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(at.as_micros()))
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::LastUsedAt.is_null().or(Column::LastUsedAt.lt(at.as_micros())))
            .build(self.backend);
        Ok(self.execute(statement).await? == 1)
    }

    async fn remove(&mut self, id: ApiKeyId) -> Result<bool, StoreError> {
        let statement = Entity::delete_many().filter(Column::Id.eq(id.as_uuid())).build(self.backend);
        Ok(self.execute(statement).await? == 1)
    }
}

/// The row of a key, without its last use.
fn row(key: &ApiKey) -> ActiveModel {
    let secret = match &key.secret {
        ApiKeySecret::Digest(digest) => digest.as_bytes().to_vec(),
        ApiKeySecret::Sealed(sealed) => sealed.as_bytes().to_vec(),
    };
    ActiveModel {
        id: Set(key.id.as_uuid()),
        user_id: Set(key.user_id.as_uuid()),
        name: Set(key.name.as_str().to_owned()),
        note: Set(key.note.as_ref().map(|note| note.as_str().to_owned())),
        kind: Set(name(&ApiKeyKind::NAMES, &key.secret.kind()).to_owned()),
        secret: Set(secret),
        scopes: Set(key.scopes.to_string()),
        networks: Set(key.networks.to_string()),
        created_at: Set(key.created_at.as_micros()),
        expires_at: Set(key.expires_at.map(Timestamp::as_micros)),
        last_used_at: NotSet,
    }
}

fn api_key(row: Model) -> Result<ApiKey, StoreError> {
    let secret = match named(&ApiKeyKind::NAMES, &row.kind)? {
        ApiKeyKind::Bearer => ApiKeySecret::Digest(digest(&row.secret)?),
        ApiKeyKind::Signed => ApiKeySecret::Sealed(Sealed::new(row.secret)),
    };
    Ok(ApiKey {
        id: ApiKeyId::new(row.id),
        user_id: UserId::new(row.user_id),
        name: ApiKeyName::new(row.name).map_err(StoreError::corrupt)?,
        note: row.note.map(ApiKeyNote::new).transpose().map_err(StoreError::corrupt)?,
        secret,
        scopes: scopes(&row.scopes)?,
        networks: Networks::parse(&row.networks).map_err(StoreError::corrupt)?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_micros),
        last_used_at: row.last_used_at.map(Timestamp::from_micros),
    })
}
