use std::collections::BTreeSet;

use async_trait::async_trait;
use memo_domain::{
    ApiKeyId, Day, LatencyHistogram, OperationName, StoreError, Usage, UsageCounters, UsageKey, UsageRange,
    UsageRepository, UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

use super::{
    dialect,
    unit_of_work::{Key, SeaOrmUnitOfWork},
    users::user,
    values::MAX_IDS,
};
use usage_day::{ActiveModel, Column, Entity, Model};

mod usage_day {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "usage_days")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub user_id: Uuid,
            #[sea_orm(primary_key, auto_increment = false)]
            pub day: i64,
            #[sea_orm(primary_key, auto_increment = false)]
            pub operation: String,
            #[sea_orm(primary_key, auto_increment = false)]
            pub api_key_id: Uuid,
            pub requests: i64,
            pub errors: i64,
            pub bytes_in: i64,
            pub bytes_out: i64,
            pub latencies: Vec<u8>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl UsageRepository for SeaOrmUnitOfWork {
    async fn add(&mut self, usage: &[Usage]) -> Result<(), StoreError> {
        let users = self.existing(usage.iter().map(|usage| usage.key.user_id).collect()).await?;
        let mut usage: Vec<_> = usage.iter().filter(|usage| users.contains(&usage.key.user_id.as_uuid())).collect();
        // Several nodes add at once: in one order, they wait for each other.
        usage.sort_by(|one, other| one.key.cmp(&other.key));
        for new in usage {
            let select = self.locking(Entity::find().filter(is(&new.key)));
            let statement = match self.find_one::<Model>(select.build(self.backend)).await? {
                Some(stored) => {
                    let mut sum = counters(&stored)?;
                    sum.add(&new.counters);
                    Entity::update_many().set(row(&sum)).filter(is(&new.key)).build(self.backend)
                }
                None => Entity::insert(keyed(&new.key, row(&new.counters))).build(self.backend),
            };
            self.execute(statement).await?;
        }
        Ok(())
    }

    async fn list(
        &mut self,
        user: UserId,
        range: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError> {
        let is_after = after.map(|key| self.is_after_of_user(key));
        let select = Entity::find()
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::Day.between(range.from.number(), range.to.number()))
            .filter(Condition::all().add_option(is_after))
            .order_by_asc(Column::Day)
            .order_by_asc(Column::Operation)
            .order_by_asc(Column::ApiKeyId)
            .limit(u64::from(limit));
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(usage).collect()
    }

    async fn list_all(
        &mut self,
        range: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError> {
        let is_after = after.map(|key| {
            let user = key.user_id.as_uuid();
            let of_others = Condition::any().add(Column::UserId.gt(user)).add(self.is_after_of_user(key));
            Condition::all().add(Column::UserId.gte(user)).add(of_others)
        });
        // Not by the index of days: each page would sort all of them.
        let day = Expr::col(Column::Day).add(0).between(range.from.number(), range.to.number());
        let select = Entity::find()
            .filter(day)
            .filter(Condition::all().add_option(is_after))
            .order_by_asc(Column::UserId)
            .order_by_asc(Column::Day)
            .order_by_asc(Column::Operation)
            .order_by_asc(Column::ApiKeyId)
            .limit(u64::from(limit));
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(usage).collect()
    }

    async fn remove_before(&mut self, day: Day, most: u32) -> Result<u64, StoreError> {
        let sql = dialect::remove_oldest(self.backend, "usage_days", "user_id, day, operation, api_key_id", "day");
        let values = [day.number().into(), i64::from(most).into()];
        self.execute_large(Statement::from_sql_and_values(self.backend, sql, values)).await
    }
}

impl SeaOrmUnitOfWork {
    /// Whether usage comes after a key, of whatever user.
    fn is_after_of_user(&self, key: &UsageKey) -> Expr {
        let columns = [Column::Day, Column::Operation, Column::ApiKeyId].map(Expr::col);
        let operation = key.operation.as_str().to_owned();
        let values = [Expr::value(key.day.number()), Expr::value(operation), Expr::value(or_nil(key.api_key_id))];
        dialect::after_three(self.backend, columns, values)
    }

    /// Those of these users who exist.
    async fn existing(&mut self, users: BTreeSet<UserId>) -> Result<BTreeSet<Uuid>, StoreError> {
        let (ids, mut found): (Vec<_>, _) = (users.into_iter().map(UserId::as_uuid).collect(), BTreeSet::new());
        for ids in ids.chunks(MAX_IDS) {
            let select = user::Entity::find().select_only().column(user::Column::Id);
            let select = select.filter(user::Column::Id.is_in(ids.iter().copied()));
            let keys = self.find_all::<Key>(select.build(self.backend)).await?;
            found.extend(keys.into_iter().map(|key| key.id));
        }
        Ok(found)
    }
}

/// No API key has the nil UUID.
fn or_nil(id: Option<ApiKeyId>) -> Uuid {
    id.map_or(Uuid::nil(), ApiKeyId::as_uuid)
}

fn is(key: &UsageKey) -> Condition {
    Condition::all()
        .add(Column::UserId.eq(key.user_id.as_uuid()))
        .add(Column::Day.eq(key.day.number()))
        .add(Column::Operation.eq(key.operation.as_str()))
        .add(Column::ApiKeyId.eq(or_nil(key.api_key_id)))
}

fn keyed(key: &UsageKey, row: ActiveModel) -> ActiveModel {
    ActiveModel {
        user_id: Set(key.user_id.as_uuid()),
        day: Set(key.day.number()),
        operation: Set(key.operation.as_str().to_owned()),
        api_key_id: Set(or_nil(key.api_key_id)),
        ..row
    }
}

/// The columns of counters, which are at most [`UsageCounters::MAX`].
fn row(counters: &UsageCounters) -> ActiveModel {
    ActiveModel {
        requests: Set(counters.requests.cast_signed()),
        errors: Set(counters.errors.cast_signed()),
        bytes_in: Set(counters.bytes_in.cast_signed()),
        bytes_out: Set(counters.bytes_out.cast_signed()),
        latencies: Set(counters.latencies.to_bytes()),
        ..ActiveModel::default()
    }
}

fn counters(row: &Model) -> Result<UsageCounters, StoreError> {
    let number = |number: i64| u64::try_from(number).map_err(StoreError::corrupt);
    Ok(UsageCounters {
        requests: number(row.requests)?,
        errors: number(row.errors)?,
        bytes_in: number(row.bytes_in)?,
        bytes_out: number(row.bytes_out)?,
        latencies: LatencyHistogram::from_bytes(&row.latencies).map_err(StoreError::corrupt)?,
    })
}

fn usage(row: Model) -> Result<Usage, StoreError> {
    let counters = counters(&row)?;
    let key = UsageKey {
        user_id: UserId::new(row.user_id),
        day: Day::from_number(row.day),
        operation: OperationName::new(row.operation).map_err(StoreError::corrupt)?,
        api_key_id: Some(row.api_key_id).filter(|id| !id.is_nil()).map(ApiKeyId::new),
    };
    Ok(Usage { key, counters })
}
