//! The repository of jobs.

use async_trait::async_trait;
use memo_domain::{Job, JobId, JobKind, JobRepository, JobState, Limit, Sealed, StoreError, Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};

use super::{
    unit_of_work::{Key, SeaOrmUnitOfWork},
    values::{name, named},
};
use job::{ActiveModel, Column, Entity, Model};

/// The table of jobs.
mod job {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "jobs")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub owner_id: Option<Uuid>,
            pub kind: String,
            pub label: String,
            pub state: String,
            pub attempts: i64,
            pub begun: i64,
            pub run_at: i64,
            pub created_at: i64,
            pub error: Option<String>,
            pub payload: Vec<u8>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How many more due jobs than asked for are read: another worker may lease the first of them at the same time.
const SPARE: u64 = 8;

#[async_trait]
impl JobRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, job: &Job) -> Result<(), StoreError> {
        self.execute(Entity::insert(row(job)).build(self.backend)).await.map(drop)
    }

    async fn has_due(&mut self, kinds: &[JobKind], now: Timestamp) -> Result<bool, StoreError> {
        let select = due(kinds, now).select_only().column(Column::Id).limit(1);
        Ok(self.find_one::<Key>(select.build(self.backend)).await?.is_some())
    }

    async fn claim(
        &mut self,
        kinds: &[JobKind],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let select =
            due(kinds, now).order_by_asc(Column::RunAt).order_by_asc(Column::Id).limit(u64::from(limit) + SPARE);
        let mut claimed = Vec::new();
        for row in self.find_all::<Model>(select.build(self.backend)).await? {
            if claimed.len() == limit as usize {
                break;
            }
            // The row as it was read: if another worker has leased it meanwhile, nothing is changed.
            let lease = Entity::update_many()
                .col_expr(Column::RunAt, Expr::value(until.as_micros()))
                .col_expr(Column::Begun, Expr::col(Column::Begun).add(1))
                .filter(Column::Id.eq(row.id))
                .filter(is(JobState::Waiting))
                .filter(Column::RunAt.eq(row.run_at))
                .filter(Column::Begun.eq(row.begun))
                .build(self.backend);
            if self.execute(lease).await? == 1 {
                claimed.push(job(Model { run_at: until.as_micros(), begun: row.begun + 1, ..row })?);
            }
        }
        Ok(claimed)
    }

    async fn holds(&mut self, job: &Job) -> Result<bool, StoreError> {
        let select = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.eq(job.id.as_uuid()))
            .filter(is(JobState::Waiting))
            .filter(Column::RunAt.eq(job.run_at.as_micros()))
            .filter(Column::Begun.eq(i64::from(job.begun)));
        Ok(self.find_one::<Key>(self.locking(select).build(self.backend)).await?.is_some())
    }

    async fn update(&mut self, job: &Job) -> Result<(), StoreError> {
        let statement = Entity::update_many().set(row(job)).filter(Column::Id.eq(job.id.as_uuid()));
        self.execute(statement.build(self.backend)).await.map(drop)
    }

    async fn remove(&mut self, id: JobId) -> Result<(), StoreError> {
        let statement = Entity::delete_many().filter(Column::Id.eq(id.as_uuid())).build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn lookup(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        let select = Entity::find().filter(Column::Id.eq(id.as_uuid()));
        self.find_one::<Model>(select.build(self.backend)).await?.map(job).transpose()
    }

    async fn list_waiting(&mut self, owner: UserId, kind: &JobKind) -> Result<Vec<Job>, StoreError> {
        let select = Entity::find()
            .filter(Column::OwnerId.eq(owner.as_uuid()))
            .filter(Column::Kind.eq(kind.as_str()))
            .filter(is(JobState::Waiting))
            .order_by_asc(Column::Id);
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(job).collect()
    }

    async fn remove_ended(&mut self, kind: &JobKind, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let select = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::State.is_in([JobState::Dead, JobState::Done].map(|state| name(&JobState::NAMES, &state))))
            .filter(Column::Kind.eq(kind.as_str()))
            .filter(Column::RunAt.lt(time.as_micros()))
            .limit(u64::from(most));
        let ended = self.find_all::<Key>(select.build(self.backend)).await?;
        if ended.is_empty() {
            return Ok(0);
        }
        let delete = Entity::delete_many().filter(Column::Id.is_in(ended.into_iter().map(|row| row.id)));
        self.execute(delete.build(self.backend)).await
    }

    async fn list_dead(&mut self, kind: &JobKind, after: Option<JobId>, limit: Limit) -> Result<Vec<Job>, StoreError> {
        let select = Entity::find()
            .filter(is(JobState::Dead))
            .filter(Column::Kind.eq(kind.as_str()))
            .apply_if(after, |select, after| select.filter(Column::Id.lt(after.as_uuid())))
            .order_by_desc(Column::Id)
            .limit(u64::from(limit.get()));
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(job).collect()
    }
}

fn due(kinds: &[JobKind], now: Timestamp) -> Select<Entity> {
    Entity::find()
        .filter(is(JobState::Waiting))
        .filter(Column::RunAt.lte(now.as_micros()))
        .filter(Column::Kind.is_in(kinds.iter().map(JobKind::as_str)))
}

fn is(state: JobState) -> Expr {
    Column::State.eq(name(&JobState::NAMES, &state))
}

fn row(job: &Job) -> ActiveModel {
    ActiveModel {
        id: Set(job.id.as_uuid()),
        owner_id: Set(job.owner.map(UserId::as_uuid)),
        kind: Set(job.kind.as_str().to_owned()),
        label: Set(job.label.clone()),
        state: Set(name(&JobState::NAMES, &job.state).to_owned()),
        attempts: Set(job.attempts.into()),
        begun: Set(job.begun.into()),
        run_at: Set(job.run_at.as_micros()),
        created_at: Set(job.created_at.as_micros()),
        error: Set(job.error.clone()),
        payload: Set(job.payload.as_bytes().to_vec()),
    }
}

fn job(row: Model) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId::new(row.id),
        owner: row.owner_id.map(UserId::new),
        kind: JobKind::new(row.kind).map_err(StoreError::corrupt)?,
        label: row.label,
        payload: Sealed::new(row.payload),
        state: named(&JobState::NAMES, &row.state)?,
        attempts: u32::try_from(row.attempts).map_err(StoreError::corrupt)?,
        begun: u32::try_from(row.begun).map_err(StoreError::corrupt)?,
        run_at: Timestamp::from_micros(row.run_at),
        created_at: Timestamp::from_micros(row.created_at),
        error: row.error,
    })
}
