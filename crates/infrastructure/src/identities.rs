use async_trait::async_trait;
use memo_domain::{Identity, IdentityRepository, Sealed, StoreError, Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    prelude::Uuid, sea_query::Expr,
};

use super::{dialect, row::row, unit_of_work::SeaOrmUnitOfWork};
use identity::{ActiveModel, Column, Entity};

mod identity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "identities")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub provider: String,
        pub issuer: String,
        pub subject: String,
        pub email: Option<String>,
        pub created_at: i64,
        pub message_tokens: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[async_trait]
impl IdentityRepository for SeaOrmUnitOfWork {
    async fn find_by_subject(&mut self, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
        let select = find(self.backend).filter(Column::Issuer.eq(issuer)).filter(Column::Subject.eq(subject));
        Ok(self.find_one::<Row>(select.build(self.backend)).await?.map(identity))
    }

    async fn list_by_user(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        if self.locks_rows() {
            // Another transaction that inserts an identity of this user waits for this lock; the existing ones are locked
            // below.
            self.lock_user(user, None).await?;
        }
        let select = find(self.backend).filter(Column::UserId.eq(user.as_uuid())).order_by_asc(Column::Provider);
        let rows = self.find_all::<Row>(self.locking(select).build(self.backend)).await?;
        Ok(rows.into_iter().map(identity).collect())
    }

    async fn insert(&mut self, identity: &Identity) -> Result<(), StoreError> {
        let row = ActiveModel {
            user_id: Set(identity.user_id.as_uuid()),
            provider: Set(identity.provider.clone()),
            issuer: Set(identity.issuer.clone()),
            subject: Set(identity.subject.clone()),
            email: Set(identity.email.clone()),
            created_at: Set(identity.created_at.as_micros()),
            message_tokens: Set(bytes(identity.message_tokens.as_ref())),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn set_message_tokens(
        &mut self,
        user: UserId,
        provider: &str,
        tokens: Option<&Sealed>,
    ) -> Result<bool, StoreError> {
        let is_this = |select: Select<Entity>| {
            select.filter(Column::UserId.eq(user.as_uuid())).filter(Column::Provider.eq(provider))
        };
        // The row count of an update that changes nothing differs between databases.
        if self.find_one::<Row>(self.locking(is_this(find(self.backend))).build(self.backend)).await?.is_none() {
            return Ok(false);
        }
        let statement = Entity::update_many()
            .col_expr(Column::MessageTokens, Expr::value(bytes(tokens)))
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::Provider.eq(provider))
            .build(self.backend);
        self.execute(statement).await?;
        Ok(true)
    }

    async fn remove(&mut self, user: UserId, provider: &str) -> Result<bool, StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::Provider.eq(provider))
            .build(self.backend);
        Ok(self.execute(statement).await? > 0)
    }
}

row! {
    struct Row {
        user_id: Uuid,
        email: Option<String>,
        created_at: i64,
        message_tokens: Option<Vec<u8>>,
        provider: String,
        issuer: String,
        subject: String,
    }
}

fn find(backend: DbBackend) -> Select<Entity> {
    let key = |column| dialect::key_as_text(backend, Expr::col((Entity, column)));
    Entity::find()
        .select_only()
        .columns([Column::UserId, Column::Email, Column::CreatedAt, Column::MessageTokens])
        .column_as(key(Column::Provider), "provider")
        .column_as(key(Column::Issuer), "issuer")
        .column_as(key(Column::Subject), "subject")
}

fn identity(row: Row) -> Identity {
    Identity {
        user_id: UserId::new(row.user_id),
        provider: row.provider,
        issuer: row.issuer,
        subject: row.subject,
        email: row.email,
        created_at: Timestamp::from_micros(row.created_at),
        message_tokens: row.message_tokens.map(Sealed::new),
    }
}

fn bytes(tokens: Option<&Sealed>) -> Option<Vec<u8>> {
    tokens.map(|tokens| tokens.as_bytes().to_vec())
}
