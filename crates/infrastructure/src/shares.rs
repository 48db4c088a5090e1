use async_trait::async_trait;
use memo_domain::{MemoId, PasswordHash, SecretDigest, Share, ShareId, ShareRepository, StoreError, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{unit_of_work::SeaOrmUnitOfWork, values::digest};
use memo_share::{ActiveModel, Column, Entity, Model};

mod memo_share {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "memo_shares")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub memo_id: Uuid,
            pub digest: Vec<u8>,
            pub password_hash: Option<String>,
            pub expires_at: Option<i64>,
            pub created_at: i64,
            pub reads: i64,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl ShareRepository for SeaOrmUnitOfWork {
    async fn find_by_digest(&mut self, digest: &SecretDigest) -> Result<Option<Share>, StoreError> {
        let select = Entity::find().filter(Column::Digest.eq(digest.as_bytes().to_vec()));
        self.find_one::<Model>(select.build(self.backend)).await?.map(share).transpose()
    }

    async fn list(&mut self, memo: MemoId) -> Result<Vec<Share>, StoreError> {
        let select = Entity::find().filter(Column::MemoId.eq(memo.as_uuid())).order_by_desc(Column::Id);
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(share).collect()
    }

    async fn find_by_memos(&mut self, memos: &[MemoId]) -> Result<Vec<Share>, StoreError> {
        let select = Entity::find().filter(Column::MemoId.is_in(memos.iter().map(|id| id.as_uuid())));
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(share).collect()
    }

    async fn insert(&mut self, share: &Share) -> Result<(), StoreError> {
        let row = ActiveModel {
            id: Set(share.id.as_uuid()),
            memo_id: Set(share.memo_id.as_uuid()),
            digest: Set(share.digest.as_bytes().to_vec()),
            password_hash: Set(share.password_hash.as_ref().map(|hash| hash.as_str().to_owned())),
            expires_at: Set(share.expires_at.map(Timestamp::as_micros)),
            created_at: Set(share.created_at.as_micros()),
            reads: Set(i64::try_from(share.reads).map_err(StoreError::corrupt)?),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn remove(&mut self, memo: MemoId, id: ShareId) -> Result<bool, StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .build(self.backend);
        Ok(self.execute(statement).await? > 0)
    }

    async fn add_reads(&mut self, reads: &[(ShareId, u64)]) -> Result<(), StoreError> {
        let mut reads = reads.to_vec();
        // Several nodes count at once: in one order, they wait for each other.
        reads.sort_unstable();
        let statements = reads.into_iter().map(|(id, number)| {
            let number = i64::try_from(number).map_err(StoreError::corrupt)?;
            Ok(Entity::update_many()
                .col_expr(Column::Reads, Expr::col(Column::Reads).add(number))
                .filter(Column::Id.eq(id.as_uuid()))
                .build(self.backend))
        });
        let statements = statements.collect::<Result<_, StoreError>>()?;
        self.execute_all(statements).await
    }

    async fn remove_expired(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.remove_oldest("memo_shares", "id", "expires_at", time, most.into()).await
    }
}

fn share(row: Model) -> Result<Share, StoreError> {
    Ok(Share {
        id: ShareId::new(row.id),
        memo_id: MemoId::new(row.memo_id),
        digest: digest(&row.digest)?,
        password_hash: row.password_hash.map(PasswordHash::new),
        expires_at: row.expires_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.created_at),
        reads: u64::try_from(row.reads).map_err(StoreError::corrupt)?,
    })
}
