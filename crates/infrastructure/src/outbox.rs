//! The repository of mail that is still to be sent.

use async_trait::async_trait;
use memo_domain::{Limit, MailId, MailState, OutboxRepository, QueuedMail, Sealed, StoreError, Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{
    entity::outbox::{ActiveModel, Column, Entity, Model},
    unit_of_work::SeaOrmUnitOfWork,
    values::{MAX_IDS, name, named},
};

const STATES: [(MailState, &str); 2] = [(MailState::Waiting, "waiting"), (MailState::Dead, "dead")];

#[async_trait]
impl OutboxRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.execute(Entity::insert(row(mail)).build(self.backend)).await.map(drop)
    }

    async fn claim(&mut self, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<QueuedMail>, StoreError> {
        let select = Entity::find()
            .filter(is(MailState::Waiting))
            .filter(Column::DueAt.lte(now.as_micros()))
            .order_by_asc(Column::DueAt)
            .order_by_asc(Column::Id)
            .limit(u64::from(most));
        // Whoever comes second waits, and then finds the mail behind that of the first. It takes a moment; to skip what is
        // locked would skip mail, too, that another is just giving back.
        let rows = self.find_all::<Model>(self.locking(select).build(self.backend)).await?;
        for rows in rows.chunks(MAX_IDS) {
            let statement = Entity::update_many()
                .col_expr(Column::DueAt, Expr::value(until.as_micros()))
                .col_expr(Column::Begun, Expr::col(Column::Begun).add(1))
                .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
                .build(self.backend);
            self.execute(statement).await?;
        }
        rows.into_iter().map(|row| mail(Model { due_at: until.as_micros(), begun: row.begun + 1, ..row })).collect()
    }

    async fn update(&mut self, mail: &QueuedMail) -> Result<(), StoreError> {
        let statement =
            Entity::update_many().set(row(mail)).filter(Column::Id.eq(mail.id.as_uuid())).build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn remove(&mut self, id: MailId) -> Result<(), StoreError> {
        let statement = Entity::delete_many().filter(Column::Id.eq(id.as_uuid())).build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn list_dead(&mut self, after: Option<MailId>, limit: Limit) -> Result<Vec<QueuedMail>, StoreError> {
        let select = Entity::find()
            .filter(is(MailState::Dead))
            .apply_if(after, |select, place| select.filter(Column::Id.lt(place.as_uuid())))
            .order_by_desc(Column::Id)
            .limit(u64::from(limit.get()));
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(mail).collect()
    }
}

fn is(state: MailState) -> Expr {
    Column::State.eq(name(&STATES, &state))
}

fn row(mail: &QueuedMail) -> ActiveModel {
    ActiveModel {
        id: Set(mail.id.as_uuid()),
        user_id: Set(mail.user_id.as_uuid()),
        kind: Set(mail.kind.clone()),
        state: Set(name(&STATES, &mail.state).to_owned()),
        tries: Set(mail.tries.into()),
        begun: Set(mail.begun.into()),
        due_at: Set(mail.due_at.as_micros()),
        created_at: Set(mail.created_at.as_micros()),
        error: Set(mail.error.clone()),
        content: Set(mail.content.as_bytes().to_vec()),
    }
}

fn mail(row: Model) -> Result<QueuedMail, StoreError> {
    Ok(QueuedMail {
        id: MailId::new(row.id),
        user_id: UserId::new(row.user_id),
        kind: row.kind,
        content: Sealed::new(row.content),
        state: named(&STATES, &row.state)?,
        tries: u32::try_from(row.tries).map_err(StoreError::corrupt)?,
        begun: u32::try_from(row.begun).map_err(StoreError::corrupt)?,
        due_at: Timestamp::from_micros(row.due_at),
        created_at: Timestamp::from_micros(row.created_at),
        error: row.error,
    })
}
