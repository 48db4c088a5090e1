use async_trait::async_trait;
use memo_domain::{
    Conflict, DisplayName, Like, LikeRepository, Liker, MemoId, Page, PageRequest, StoreError, Timestamp, UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationTrait, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

use super::{memos::memo, row::row, unit_of_work::SeaOrmUnitOfWork, users::user, values::page};
use memo_like::{ActiveModel, Column, Entity, Relation};

mod memo_like {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memo_likes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub memo_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "crate::users::user::Entity",
            from = "Column::UserId",
            to = "crate::users::user::Column::Id"
        )]
        User,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

row! {
    struct Liked {
        memo_id: Uuid,
    }
}

row! {
    struct LikeRow {
        memo_id: Uuid,
        at: i64,
    }
}

row! {
    struct LikerRow {
        user_id: Uuid,
        at: i64,
        display_name: String,
    }
}

#[async_trait]
impl LikeRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, like: &Like) -> Result<bool, StoreError> {
        let liked = memos_of(like.user_id).filter(Column::MemoId.eq(like.memo_id.as_uuid()));
        if self.find_one::<Liked>(liked.build(self.backend)).await?.is_some() {
            return Ok(false);
        }
        // Before the like, which locks the memo's row with the others that refer to it: then no two wait for each other.
        if self.count_like(like.memo_id, Expr::col(memo::Column::LikeCount).add(1)).await? == 0 {
            return Err(self.failed(StoreError::Conflict { what: Conflict::Parent }));
        }
        let row = ActiveModel {
            memo_id: Set(like.memo_id.as_uuid()),
            user_id: Set(like.user_id.as_uuid()),
            at: Set(like.at.as_micros()),
        };
        self.execute(Entity::insert(row).build(self.backend)).await?;
        Ok(true)
    }

    async fn remove(&mut self, memo: MemoId, user: UserId) -> Result<bool, StoreError> {
        let like = Entity::delete_many()
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .filter(Column::UserId.eq(user.as_uuid()))
            .build(self.backend);
        if self.execute(like).await? == 0 {
            return Ok(false);
        }
        self.count_like(memo, Expr::col(memo::Column::LikeCount).sub(1)).await?;
        Ok(true)
    }

    async fn find_liked(&mut self, user: UserId, memos: &[MemoId]) -> Result<Vec<MemoId>, StoreError> {
        let liked = memos_of(user).filter(Column::MemoId.is_in(memos.iter().map(|id| id.as_uuid())));
        let rows = self.find_all::<Liked>(liked.build(self.backend)).await?;
        Ok(rows.into_iter().map(|row| MemoId::new(row.memo_id)).collect())
    }

    async fn find_by_user(&mut self, user: UserId, limit: u32) -> Result<Vec<MemoId>, StoreError> {
        let liked = memos_of(user).order_by_asc(Column::MemoId).limit(u64::from(limit));
        let rows = self.find_all::<Liked>(liked.build(self.backend)).await?;
        Ok(rows.into_iter().map(|row| MemoId::new(row.memo_id)).collect())
    }

    async fn list_by_user(
        &mut self,
        user: UserId,
        request: &PageRequest<MemoId>,
    ) -> Result<Page<Like, MemoId>, StoreError> {
        let select = memos_of(user).column(Column::At).order_by_asc(Column::MemoId);
        let select = page(select, request, |last| Column::MemoId.gt(last.as_uuid()));
        let rows = self.find_all::<LikeRow>(select.build(self.backend)).await?;
        let like = |row: LikeRow| Like {
            memo_id: MemoId::new(row.memo_id),
            user_id: user,
            at: Timestamp::from_micros(row.at),
        };
        let likes = rows.into_iter().map(like).collect();
        Ok(Page::from_overfetched(likes, request.limit, |like: &Like| like.memo_id))
    }

    async fn list(&mut self, memo: MemoId, request: &PageRequest<UserId>) -> Result<Page<Liker, UserId>, StoreError> {
        let select = Entity::find()
            .select_only()
            .columns([Column::UserId, Column::At])
            .column(user::Column::DisplayName)
            .join(JoinType::InnerJoin, Relation::User.def())
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .order_by_asc(Column::UserId);
        let select = page(select, request, |last| Column::UserId.gt(last.as_uuid()));
        let rows = self.find_all::<LikerRow>(select.build(self.backend)).await?;
        let likers = rows.into_iter().map(liker).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(likers, request.limit, |liker: &Liker| liker.user_id))
    }
}

impl SeaOrmUnitOfWork {
    /// Sets the number of likes of a memo. Returns how many memos have this id.
    async fn count_like(&mut self, memo: MemoId, count: Expr) -> Result<u64, StoreError> {
        let statement = memo::Entity::update_many()
            .col_expr(memo::Column::LikeCount, count)
            .filter(memo::Column::Id.eq(memo.as_uuid()))
            .build(self.backend);
        self.execute(statement).await
    }

    /// Counts the likes of a user no more. Their rows go with the user's.
    pub(super) async fn uncount_likes(&mut self, user: UserId) -> Result<(), StoreError> {
        let statement = memo::Entity::update_many()
            .col_expr(memo::Column::LikeCount, Expr::col(memo::Column::LikeCount).sub(1))
            .filter(memo::Column::Id.in_subquery(memos_of(user).into_query()))
            .build(self.backend);
        self.execute_large(statement).await.map(drop)
    }
}

/// Selects the memos that a user likes, as [`Liked`].
pub fn memos_of(user: UserId) -> Select<Entity> {
    Entity::find().select_only().column(Column::MemoId).filter(Column::UserId.eq(user.as_uuid()))
}

fn liker(row: LikerRow) -> Result<Liker, StoreError> {
    Ok(Liker {
        user_id: UserId::new(row.user_id),
        display_name: DisplayName::new(row.display_name).map_err(StoreError::corrupt)?,
        liked_at: Timestamp::from_micros(row.at),
    })
}
