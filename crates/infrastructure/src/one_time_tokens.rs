use async_trait::async_trait;
use memo_domain::{OneTimeToken, OneTimeTokenRepository, SecretDigest, StoreError, Timestamp, TokenPurpose, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};

use super::{
    row::row,
    unit_of_work::SeaOrmUnitOfWork,
    values::{digest, name, named, scopes},
};
use one_time_token::{ActiveModel, Column, Entity, Model};

mod one_time_token {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "one_time_tokens")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub digest: Vec<u8>,
            pub user_id: Uuid,
            pub purpose: String,
            pub email_key: Option<String>,
            pub scopes: Option<String>,
            pub tries: i64,
            pub created_at: i64,
            pub expires_at: i64,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl OneTimeTokenRepository for SeaOrmUnitOfWork {
    async fn lookup(
        &mut self,
        digest: &SecretDigest,
        purpose: TokenPurpose,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        let statement = find(digest, purpose).build(self.backend);
        self.find_one::<Model>(statement).await?.map(token).transpose()
    }

    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        let row = ActiveModel {
            digest: Set(token.digest.as_bytes().to_vec()),
            user_id: Set(token.user_id.as_uuid()),
            purpose: Set(name(&TokenPurpose::NAMES, &token.purpose).to_owned()),
            email_key: Set(token.email_key.clone()),
            scopes: Set(token.scopes.map(|scopes| scopes.to_string())),
            tries: Set(token.tries.into()),
            created_at: Set(token.created_at.as_micros()),
            expires_at: Set(token.expires_at.as_micros()),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn take(&mut self, digest: &SecretDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>, StoreError> {
        // A concurrent second call waits for the lock and then finds no row.
        let statement = self.locking(find(digest, purpose)).build(self.backend);
        let Some(row) = self.find_one::<Model>(statement).await? else { return Ok(None) };
        let removed = self.execute(Entity::delete_many().filter(is(digest)).build(self.backend)).await?;
        if removed == 0 { Ok(None) } else { token(row).map(Some) }
    }

    async fn count_try(&mut self, digest: &SecretDigest) -> Result<u32, StoreError> {
        let statement = Entity::update_many()
            .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
            .filter(is(digest))
            .build(self.backend);
        if self.execute(statement).await? == 0 {
            return Ok(0);
        }
        // The update has locked the row, so this reads the number that it wrote.
        let select = Entity::find().select_only().column(Column::Tries).filter(is(digest));
        let row = self.find_one::<Tries>(select.build(self.backend)).await?;
        row.map_or(Ok(0), |row| u32::try_from(row.tries)).map_err(StoreError::corrupt)
    }

    async fn remove_all(&mut self, user: UserId, purpose: TokenPurpose) -> Result<(), StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::Purpose.eq(name(&TokenPurpose::NAMES, &purpose)))
            .build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.remove_oldest("one_time_tokens", "digest", "expires_at", time, most.into()).await
    }
}

row! {
    struct Tries {
        tries: i64,
    }
}

fn is(digest: &SecretDigest) -> Expr {
    Column::Digest.eq(digest.as_bytes().to_vec())
}

fn find(digest: &SecretDigest, purpose: TokenPurpose) -> Select<Entity> {
    Entity::find().filter(is(digest)).filter(Column::Purpose.eq(name(&TokenPurpose::NAMES, &purpose)))
}

fn token(row: Model) -> Result<OneTimeToken, StoreError> {
    Ok(OneTimeToken {
        digest: digest(&row.digest)?,
        user_id: UserId::new(row.user_id),
        purpose: named(&TokenPurpose::NAMES, &row.purpose)?,
        email_key: row.email_key,
        scopes: row.scopes.as_deref().map(scopes).transpose()?,
        tries: u32::try_from(row.tries).map_err(StoreError::corrupt)?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
    })
}
