use async_trait::async_trait;
use memo_domain::{RefreshToken, RefreshTokenRepository, SecretDigest, SessionId, StoreError, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Statement, Value, sea_query::Expr};

use super::{dialect, unit_of_work::SeaOrmUnitOfWork, values::digest};
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

    async fn remove_of_ended(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let mut removed = 0;
        // Two statements, since each column has an index of its own.
        for condition in ["ended_at <", "expires_at <"] {
            removed +=
                self.remove_refresh_tokens(condition, time.as_micros().into(), u64::from(most) - removed).await?;
        }
        Ok(removed)
    }
}

impl SeaOrmUnitOfWork {
    /// Removes at most `most` tokens of the sessions that meet a condition, which ends with a value. Returns how many.
    pub(super) async fn remove_refresh_tokens(
        &mut self,
        condition: &str,
        value: Value,
        most: u64,
    ) -> Result<u64, StoreError> {
        let sql = dialect::remove_refresh_tokens(self.backend, condition);
        let values = [value, most.cast_signed().into()];
        self.execute_large(Statement::from_sql_and_values(self.backend, sql, values)).await
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
