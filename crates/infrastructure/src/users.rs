use async_trait::async_trait;
use memo_domain::{
    DisplayName, Email, Locale, Page, PageRequest, PasswordHash, Role, StoreError, Sweep, TimeZone, Timestamp, User,
    UserFilter, UserId, UserRepository, UserText, Version, fold,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbBackend, DerivePartialModel, EntityTrait, PartialModelTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Statement, Value, prelude::Uuid, sea_query::Expr,
};

use super::{
    dialect,
    row::row,
    unit_of_work::{Key, SeaOrmUnitOfWork},
    values::{name, named, page, version},
};
use user::{ActiveModel, Column, Entity};

pub mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub email: String,
        pub email_key: String,
        pub email_verified: bool,
        pub earlier_email_verified: bool,
        pub display_name: String,
        pub role: String,
        pub locale: String,
        pub time_zone: String,
        pub password_hash: Option<String>,
        pub disabled_at: Option<i64>,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
        /// The folded name that searches compare with; only the database reads it.
        pub display_name_key: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const LOCALES: [(Locale, &str); 2] = [(Locale::En, "en"), (Locale::Ko, "ko")];

/// The number of memos that one statement removes.
const REMOVED_MEMOS: u64 = 500;

#[async_trait]
impl UserRepository for SeaOrmUnitOfWork {
    async fn lookup(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let select = self.locking_changes(find().filter(Column::Id.eq(id.as_uuid())));
        self.find_one(select.build(self.backend)).await?.map(user).transpose()
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
        self.execute_versioned(statement).await
    }

    async fn remove(&mut self, id: UserId, from: Version) -> Result<(), StoreError> {
        if !self.lock_user(id, Some(from)).await? {
            return Err(self.failed(StoreError::Stale));
        }
        // In chunks: removing a memo removes several rows, and a server limits the time of a statement.
        while self.remove_rows(id, &MEMOS, REMOVED_MEMOS).await? == REMOVED_MEMOS {}
        // Locked, the user can get no new ones.
        self.uncount_likes(id).await?;
        let statement = Entity::delete_many().filter(is(id, Some(from))).build(self.backend);
        self.execute_versioned(statement).await
    }

    async fn sweep(&mut self, id: UserId, what: Sweep, most: u32) -> Result<u64, StoreError> {
        let tables: &[Rows] = match what {
            Sweep::PublicMemos => &[PUBLIC_MEMOS],
            Sweep::All => &[MEMOS, CHANGES, EVENTS, SESSIONS, RESPONSES, USAGE, JOBS],
        };
        let mut removed = 0;
        if what == Sweep::All {
            removed += self.remove_refresh_tokens("user_id =", id.as_uuid().into(), most.into()).await?;
        }
        for rows in tables {
            removed += self.remove_rows(id, rows, u64::from(most) - removed).await?;
            if removed >= u64::from(most) {
                break;
            }
        }
        Ok(removed)
    }

    async fn list(
        &mut self,
        filter: &UserFilter,
        request: &PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError> {
        let select = find().filter(condition(filter, self.backend)).order_by_asc(Column::Id);
        let select = page(select, request, |last| Column::Id.gt(last.as_uuid()));
        let rows = self.find_all::<UserRow>(select.build(self.backend)).await?;
        let users = rows.into_iter().map(user).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(users, request.limit, |user: &User| user.id))
    }

    async fn count(&mut self, filter: &UserFilter) -> Result<u64, StoreError> {
        self.count_rows(Entity::find().filter(condition(filter, self.backend))).await
    }

    async fn lock_administrators(&mut self) -> Result<Vec<UserId>, StoreError> {
        let select = Entity::find()
            .select_only()
            .columns([Column::Id, Column::DisabledAt])
            .filter(Column::Role.eq(name(&Role::NAMES, &Role::Admin)))
            .order_by_asc(Column::Id);
        // Also locks disabled administrators, who may be enabled again. Always in the same order, so that concurrent calls
        // wait for each other instead of deadlocking.
        let select = self.locking_changes(select);
        let administrators = self.find_all::<Administrator>(select.build(self.backend)).await?;
        let active = administrators.into_iter().filter(|administrator| administrator.disabled_at.is_none());
        Ok(active.map(|administrator| UserId::new(administrator.id)).collect())
    }
}

/// The rows of a user in a table.
struct Rows {
    table: &'static str,
    key: &'static str,
    user: &'static str,
    /// A further condition.
    and: &'static str,
}

const MEMOS: Rows = Rows { table: "memos", key: "id", user: "owner_id", and: "" };
const PUBLIC_MEMOS: Rows = Rows { and: " AND visibility = 1", ..MEMOS };
const CHANGES: Rows = Rows { table: "changes", key: "seq", user: "owner_id", and: "" };
const EVENTS: Rows = Rows { table: "audit_events", key: "id", user: "user_id", and: "" };
const RESPONSES: Rows = Rows { table: "idempotent_responses", key: "id", user: "user_id", and: "" };
const JOBS: Rows = Rows { table: "jobs", key: "id", user: "owner_id", and: "" };
const USAGE: Rows = Rows { table: "usage_days", key: "day, operation, api_key_id", user: "user_id", and: "" };
const SESSIONS: Rows = Rows { table: "sessions", key: "id", user: "user_id", and: "" };

impl SeaOrmUnitOfWork {
    /// Removes some rows of a user, and returns how many.
    async fn remove_rows(&mut self, id: UserId, rows: &Rows, most: u64) -> Result<u64, StoreError> {
        let Rows { table, key, user, and } = rows;
        let sql = dialect::remove_some(self.backend, table, key, user, and);
        let (id, most) = (id.as_uuid(), most.cast_signed());
        let values: Vec<Value> = match self.backend {
            DbBackend::MySql => vec![id.into(), most.into()],
            _ => vec![id.into(), id.into(), most.into()],
        };
        self.execute_large(Statement::from_sql_and_values(self.backend, sql, values)).await
    }

    /// Locks the selected users against changes, until this unit of work has ended.
    fn locking_changes(&self, select: Select<Entity>) -> Select<Entity> {
        if self.locks_rows() { select.lock(dialect::lock_of_changes(self.backend)) } else { select }
    }

    /// Locks a user's row if there may be other writers: until this unit of work has ended, they can neither change it nor
    /// insert rows that reference it. Returns whether the user exists, in `version` if it is given.
    pub(super) async fn lock_user(&mut self, id: UserId, version: Option<Version>) -> Result<bool, StoreError> {
        let select = Entity::find().select_only().column(Column::Id).filter(is(id, version));
        Ok(self.find_one::<Key>(self.locking(select).build(self.backend)).await?.is_some())
    }
}

row! {
    struct Administrator {
        id: Uuid,
        disabled_at: Option<i64>,
    }
}

fn is(id: UserId, version: Option<Version>) -> Condition {
    Condition::all()
        .add(Column::Id.eq(id.as_uuid()))
        .add_option(version.map(|version| Column::Version.eq(i64::from(version.get()))))
}

/// The condition that is equivalent to [`UserFilter::matches`].
fn condition(filter: &UserFilter, backend: DbBackend) -> Condition {
    let has = |text: &UserText| {
        let email = dialect::contains(backend, Expr::col((Entity, Column::EmailKey)), &text.in_address);
        let name = dialect::contains(backend, Expr::col((Entity, Column::DisplayNameKey)), &text.in_name);
        Condition::any().add(email).add(name)
    };
    let is_disabled = |disabled| if disabled { Column::DisabledAt.is_not_null() } else { Column::DisabledAt.is_null() };
    Condition::all()
        .add_option(filter.text().map(has))
        .add_option(filter.role.map(|role| Column::Role.eq(name(&Role::NAMES, &role))))
        .add_option(filter.disabled.map(is_disabled))
}

row! {
    /// The selected columns: all but the keys, which are binary on MySQL and never read.
    #[derive(DerivePartialModel)]
    #[sea_orm(entity = "Entity")]
    struct UserRow {
        id: Uuid,
        email: String,
        email_verified: bool,
        earlier_email_verified: bool,
        display_name: String,
        role: String,
        locale: String,
        time_zone: String,
        password_hash: Option<String>,
        disabled_at: Option<i64>,
        version: i64,
        created_at: i64,
        updated_at: i64,
    }
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
        earlier_email_verified: Set(user.earlier_email_verified),
        display_name: Set(user.display_name.as_str().to_owned()),
        role: Set(name(&Role::NAMES, &user.role).to_owned()),
        locale: Set(name(&LOCALES, &user.locale).to_owned()),
        time_zone: Set(user.time_zone.as_str().to_owned()),
        password_hash: Set(user.password_hash.as_ref().map(|hash| hash.as_str().to_owned())),
        disabled_at: Set(user.disabled_at.map(Timestamp::as_micros)),
        version: Set(user.version.get().into()),
        created_at: Set(user.created_at.as_micros()),
        updated_at: Set(user.updated_at.as_micros()),
        display_name_key: Set(fold(user.display_name.as_str())),
    }
}

fn user(row: UserRow) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::new(row.id),
        email: Email::new(row.email).map_err(StoreError::corrupt)?,
        email_verified: row.email_verified,
        earlier_email_verified: row.earlier_email_verified,
        display_name: DisplayName::new(row.display_name).map_err(StoreError::corrupt)?,
        role: named(&Role::NAMES, &row.role)?,
        locale: named(&LOCALES, &row.locale)?,
        time_zone: TimeZone::new(row.time_zone).map_err(StoreError::corrupt)?,
        password_hash: row.password_hash.map(PasswordHash::new),
        disabled_at: row.disabled_at.map(Timestamp::from_micros),
        version: version(row.version)?,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}
