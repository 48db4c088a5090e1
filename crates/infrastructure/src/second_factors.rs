use std::collections::BTreeSet;

use async_trait::async_trait;
use memo_domain::{
    Conflict, Sealed, SecondFactor, SecondFactorRepository, SecretDigest, StoreError, Timestamp, UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Select,
    sea_query::{Expr, OnConflict},
};

use super::unit_of_work::SeaOrmUnitOfWork;
use second_factor::{ActiveModel, Column, Entity, Model};

mod recovery_code {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_codes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod second_factor {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "second_factors")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub user_id: Uuid,
            pub secret: Vec<u8>,
            pub confirmed_at: Option<i64>,
            pub last_step: i64,
            pub created_at: i64,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl SecondFactorRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self.find_one::<Model>(of(user).build(self.backend)).await?.map(factor))
    }

    async fn upsert(&mut self, factor: &SecondFactor) -> Result<(), StoreError> {
        let row = ActiveModel {
            user_id: Set(factor.user_id.as_uuid()),
            secret: Set(factor.secret.as_bytes().to_vec()),
            confirmed_at: Set(factor.confirmed_at.map(Timestamp::as_micros)),
            last_step: Set(factor.last_step),
            created_at: Set(factor.created_at.as_micros()),
        };
        let replace = OnConflict::column(Column::UserId)
            .update_columns([Column::Secret, Column::ConfirmedAt, Column::LastStep, Column::CreatedAt])
            .to_owned();
        self.execute(Entity::insert(row).on_conflict(replace).build(self.backend)).await.map(drop)
    }

    async fn replace_codes(&mut self, user: UserId, codes: &[SecretDigest]) -> Result<(), StoreError> {
        // Locked, so that of two concurrent calls the second one deletes the codes of the first.
        let factor = self.find_one::<Model>(self.locking(of(user)).build(self.backend)).await?;
        if factor.is_none() {
            return Err(self.failed(StoreError::Conflict { what: Conflict::Parent }));
        }
        let mut statements = vec![recovery_code::Entity::delete_many().filter(codes_of(user)).build(self.backend)];
        let codes: BTreeSet<_> = codes.iter().collect();
        let rows: Vec<_> = codes.into_iter().map(|code| code_row(user, code)).collect();
        if !rows.is_empty() {
            statements.push(recovery_code::Entity::insert_many(rows).build(self.backend));
        }
        self.execute_all(statements).await
    }

    async fn count_codes(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.count_rows(recovery_code::Entity::find().filter(codes_of(user))).await
    }

    async fn claim_step(&mut self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let statement = Entity::update_many()
            .col_expr(Column::LastStep, Expr::value(step))
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::LastStep.lt(step))
            .build(self.backend);
        Ok(self.execute(statement).await? == 1)
    }

    async fn claim_code(&mut self, user: UserId, code: &SecretDigest) -> Result<bool, StoreError> {
        let statement = recovery_code::Entity::delete_many()
            .filter(codes_of(user))
            .filter(recovery_code::Column::Code.eq(code.as_bytes().to_vec()))
            .build(self.backend);
        Ok(self.execute(statement).await? == 1)
    }

    async fn remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        let statement = Entity::delete_many().filter(Column::UserId.eq(user.as_uuid())).build(self.backend);
        Ok(self.execute(statement).await? == 1)
    }
}

fn of(user: UserId) -> Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user.as_uuid()))
}

fn codes_of(user: UserId) -> Expr {
    recovery_code::Column::UserId.eq(user.as_uuid())
}

fn code_row(user: UserId, code: &SecretDigest) -> recovery_code::ActiveModel {
    recovery_code::ActiveModel { user_id: Set(user.as_uuid()), code: Set(code.as_bytes().to_vec()) }
}

fn factor(row: Model) -> SecondFactor {
    SecondFactor {
        user_id: UserId::new(row.user_id),
        secret: Sealed::new(row.secret),
        confirmed_at: row.confirmed_at.map(Timestamp::from_micros),
        last_step: row.last_step,
        created_at: Timestamp::from_micros(row.created_at),
    }
}
