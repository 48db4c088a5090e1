//! The repository of sign-ins.

use async_trait::async_trait;
use memo_domain::{Scopes, Session, SessionId, SessionRepository, StoreError, Timestamp, UserId};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use super::{
    entity::session::{ActiveModel, Column, Entity, Model},
    unit_of_work::SeaOrmUnitOfWork,
    values::changed,
};

#[async_trait]
impl SessionRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let statement = Entity::find().filter(Column::Id.eq(id.as_uuid())).build(self.backend);
        self.find_one(statement).await?.map(session).transpose()
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        let statement = Entity::insert(row(session)).build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        let statement =
            Entity::update_many().set(row(session)).filter(Column::Id.eq(session.id.as_uuid())).build(self.backend);
        changed(self.execute(statement).await?)
    }
}

fn row(session: &Session) -> ActiveModel {
    ActiveModel {
        id: Set(session.id.as_uuid()),
        user_id: Set(session.user_id.as_uuid()),
        scopes: Set(session.scopes.to_string()),
        device: Set(session.device.clone()),
        ip: Set(session.ip.clone()),
        created_at: Set(session.created_at.as_micros()),
        last_seen_at: Set(session.last_seen_at.as_micros()),
        expires_at: Set(session.expires_at.as_micros()),
        ended_at: Set(session.ended_at.map(Timestamp::as_micros)),
    }
}

fn session(row: Model) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::new(row.id),
        user_id: UserId::new(row.user_id),
        scopes: scopes(&row.scopes)?,
        device: row.device,
        ip: row.ip,
        created_at: Timestamp::from_micros(row.created_at),
        last_seen_at: Timestamp::from_micros(row.last_seen_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        ended_at: row.ended_at.map(Timestamp::from_micros),
    })
}

fn scopes(text: &str) -> Result<Scopes, StoreError> {
    // The empty set has a text form that its parser refuses, since a client may not ask for it.
    if text.is_empty() { Ok(Scopes::from_iter([])) } else { Scopes::parse(text).map_err(StoreError::corrupt) }
}
