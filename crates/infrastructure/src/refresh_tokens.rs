use async_trait::async_trait;
use memo_domain::{RefreshToken, RefreshTokenRepository, SecretDigest, SessionId, StoreError, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryTrait, sea_query::Expr};

use super::{unit_of_work::SeaOrmUnitOfWork, values::digest};
use refresh_token::{ActiveModel, Column, Entity, Model};

mod refresh_token {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "refresh_tokens")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub digest: Vec<u8>,
            pub session_id: Uuid,
            pub issued_at: i64,
            pub expires_at: i64,
            pub used_at: Option<i64>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl RefreshTokenRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, digest: &SecretDigest) -> Result<Option<RefreshToken>, StoreError> {
        let statement = Entity::find().filter(Column::Digest.eq(digest.as_bytes().to_vec())).build(self.backend);
        self.find_one::<Model>(statement).await?.as_ref().map(refresh_token).transpose()
    }

    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        let row = ActiveModel {
            digest: Set(token.digest.as_bytes().to_vec()),
            session_id: Set(token.session_id.as_uuid()),
            issued_at: Set(token.issued_at.as_micros()),
            expires_at: Set(token.expires_at.as_micros()),
            used_at: Set(token.used_at.map(Timestamp::as_micros)),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn claim(&mut self, digest: &SecretDigest, at: Timestamp) -> Result<bool, StoreError> {
        let statement = Entity::update_many()
            .col_expr(Column::UsedAt, Expr::value(at.as_micros()))
            .filter(Column::Digest.eq(digest.as_bytes().to_vec()))
            .filter(Column::UsedAt.is_null())
            .build(self.backend);
        Ok(self.execute(statement).await? == 1)
    }
}

fn refresh_token(row: &Model) -> Result<RefreshToken, StoreError> {
    Ok(RefreshToken {
        digest: digest(&row.digest)?,
        session_id: SessionId::new(row.session_id),
        issued_at: Timestamp::from_micros(row.issued_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        used_at: row.used_at.map(Timestamp::from_micros),
    })
}
