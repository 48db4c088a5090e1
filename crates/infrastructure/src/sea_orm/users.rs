//! The repository of members.

use async_trait::async_trait;
use memo_domain::{
    DisplayName, Email, InvalidValue, Locale, PasswordHash, Role, StoreError, Timestamp, User, UserId, UserRepository,
    Version,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DerivePartialModel, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect,
    QueryTrait, Select, prelude::Uuid,
};

use super::{
    entity::user::{ActiveModel, Column, Entity},
    unit_of_work::SeaOrmUnitOfWork,
    values::{changed, version},
};

#[async_trait]
impl UserRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let statement = find().filter(Column::Id.eq(id.as_uuid())).build(self.backend);
        self.find_one(statement).await?.map(user).transpose()
    }

    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        let statement = find().filter(Column::EmailKey.eq(email.key())).build(self.backend);
        self.find_one(statement).await?.map(user).transpose()
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        let statement = Entity::insert(row(user)).build(self.backend);
        self.execute(statement).await.map(drop)
    }

    async fn update(&mut self, user: &User, from: Version) -> Result<(), StoreError> {
        let statement = Entity::update_many()
            .set(row(user))
            .filter(Column::Id.eq(user.id.as_uuid()))
            .filter(Column::Version.eq(i64::from(from.get())))
            .build(self.backend);
        changed(self.execute(statement).await?)
    }
}

/// What is read of a member: all but the key of the address, which is bytes on some databases.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct UserRow {
    id: Uuid,
    email: String,
    email_verified: bool,
    display_name: String,
    role: String,
    locale: String,
    password_hash: Option<String>,
    disabled_at: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

fn find() -> Select<Entity> {
    UserRow::select_cols(Entity::find().select_only())
}

fn row(user: &User) -> ActiveModel {
    ActiveModel {
        id: Set(user.id.as_uuid()),
        email: Set(user.email.as_str().to_owned()),
        email_key: Set(user.email.key().to_owned()),
        email_verified: Set(user.email_verified),
        display_name: Set(user.display_name.as_str().to_owned()),
        role: Set(role_name(user.role).to_owned()),
        locale: Set(locale_name(user.locale).to_owned()),
        password_hash: Set(user.password_hash.as_ref().map(|hash| hash.as_str().to_owned())),
        disabled_at: Set(user.disabled_at.map(Timestamp::as_micros)),
        version: Set(user.version.get().into()),
        created_at: Set(user.created_at.as_micros()),
        updated_at: Set(user.updated_at.as_micros()),
    }
}

fn user(row: UserRow) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::new(row.id),
        email: Email::new(row.email).map_err(StoreError::corrupt)?,
        email_verified: row.email_verified,
        display_name: DisplayName::new(row.display_name).map_err(StoreError::corrupt)?,
        role: role(&row.role).map_err(StoreError::corrupt)?,
        locale: locale(&row.locale).map_err(StoreError::corrupt)?,
        password_hash: row.password_hash.map(PasswordHash::new),
        disabled_at: row.disabled_at.map(Timestamp::from_micros),
        version: version(row.version)?,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
    }
}

fn role(name: &str) -> Result<Role, InvalidValue> {
    [Role::Member, Role::Admin].into_iter().find(|role| role_name(*role) == name).ok_or(InvalidValue::Malformed)
}

const fn locale_name(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "en",
        Locale::Ko => "ko",
    }
}

fn locale(name: &str) -> Result<Locale, InvalidValue> {
    [Locale::En, Locale::Ko].into_iter().find(|locale| locale_name(*locale) == name).ok_or(InvalidValue::Malformed)
}
