use async_trait::async_trait;
use memo_domain::{SecretDigest, Session, SessionId, SessionRepository, StoreError, Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};

use super::{
    unit_of_work::{Key, SeaOrmUnitOfWork},
    values::{MAX_IDS, digest, scopes},
};
use session::{ActiveModel, Column, Entity, Model};

mod session {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "sessions")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub user_id: Uuid,
            pub scopes: String,
            pub cookie: Option<Vec<u8>>,
            pub provider: Option<String>,
            pub device: Option<String>,
            pub ip: Option<String>,
            pub created_at: i64,
            pub proved_at: Option<i64>,
            pub last_seen_at: i64,
            pub expires_at: i64,
            pub ended_at: Option<i64>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl SessionRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let select = self.locking(Entity::find().filter(Column::Id.eq(id.as_uuid())));
        self.find_one(select.build(self.backend)).await?.map(session).transpose()
    }

    async fn find_by_cookie(&mut self, digest: &SecretDigest) -> Result<Option<Session>, StoreError> {
        let select = self.locking(Entity::find().filter(Column::Cookie.eq(digest.as_bytes().to_vec())));
        self.find_one(select.build(self.backend)).await?.map(session).transpose()
    }

    async fn list_live(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let select = Entity::find()
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::EndedAt.is_null())
            .filter(Column::ExpiresAt.gt(now.as_micros()))
            .order_by_desc(Column::Id);
        self.find_all(select.build(self.backend)).await?.into_iter().map(session).collect()
    }

    async fn end_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let select = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::EndedAt.is_null())
            .apply_if(except, |select, except| select.filter(Column::Id.ne(except.as_uuid())))
            .order_by_asc(Column::Id);
        let keys = self.find_all::<Key>(self.locking(select).build(self.backend)).await?;
        // By their ids: a condition on the user would also end a session that was inserted meanwhile, and not return its id.
        for keys in keys.chunks(MAX_IDS) {
            let statement = Entity::update_many()
                .col_expr(Column::EndedAt, Expr::value(at.as_micros()))
                .filter(Column::Id.is_in(keys.iter().map(|key| key.id)))
                .build(self.backend);
            self.execute(statement).await?;
        }
        Ok(keys.into_iter().map(|key| SessionId::new(key.id)).collect())
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        // Two statements, since each column has an index of its own.
        let ended = self.remove_oldest("sessions", "id", "ended_at", time, most.into()).await?;
        let left = u64::from(most).saturating_sub(ended);
        if left == 0 {
            return Ok(ended);
        }
        Ok(ended + self.remove_oldest("sessions", "id", "expires_at", time, left).await?)
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        let statement = Entity::insert(row(session)).build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        let statement =
            Entity::update_many().set(row(session)).filter(Column::Id.eq(session.id.as_uuid())).build(self.backend);
        self.execute_versioned(statement).await
    }
}

fn row(session: &Session) -> ActiveModel {
    ActiveModel {
        id: Set(session.id.as_uuid()),
        user_id: Set(session.user_id.as_uuid()),
        scopes: Set(session.scopes.to_string()),
        cookie: Set(session.cookie.map(|digest| digest.as_bytes().to_vec())),
        provider: Set(session.provider.clone()),
        device: Set(session.device.clone()),
        ip: Set(session.ip.clone()),
        created_at: Set(session.created_at.as_micros()),
        proved_at: Set(session.proved_at.map(Timestamp::as_micros)),
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
        cookie: row.cookie.as_deref().map(digest).transpose()?,
        provider: row.provider,
        device: row.device,
        ip: row.ip,
        created_at: Timestamp::from_micros(row.created_at),
        proved_at: row.proved_at.map(Timestamp::from_micros),
        last_seen_at: Timestamp::from_micros(row.last_seen_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        ended_at: row.ended_at.map(Timestamp::from_micros),
    })
}
