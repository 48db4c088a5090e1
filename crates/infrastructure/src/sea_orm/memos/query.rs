//! The statements that find memos.

use memo_domain::{
    MemoCursor, MemoFilter, MemoId, MemoScope, MemoSort, PageRequest, PageStart, SortDirection, SortField,
    SortPosition, StoreError, Tag, Timestamp, Visibility,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, RelationTrait, Select, Statement, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::row::{COLUMNS, visibility_number};
use crate::sea_orm::{
    entity::{
        memo::{Column, Entity, Relation},
        memo_tag, user,
    },
    error::Misuse,
};

/// The statement that finds a memo by its id, the one that runs most: built once, since to build it takes as long as a
/// quarter of running it. No LIMIT: the id is unique, and SQLite would plan anew for each value of it.
#[derive(Debug)]
pub struct Lookup {
    backend: DbBackend,
    text: String,
}

impl Lookup {
    pub fn new(backend: DbBackend) -> Self {
        Self { backend, text: views().filter(Column::Id.eq(Uuid::nil())).build(backend).sql }
    }

    pub fn of(&self, id: MemoId) -> Statement {
        Statement::from_sql_and_values(self.backend, &self.text, [id.as_uuid().into()])
    }
}

/// A page of a list, with one memo more than it holds.
pub fn list(filter: &MemoFilter, sort: MemoSort, page: &PageRequest<MemoCursor>) -> Result<Select<Entity>, StoreError> {
    let column = match sort.field {
        SortField::UpdatedAt => Column::UpdatedAt,
        SortField::CreatedAt => Column::CreatedAt,
        SortField::Title => Column::TitleKey,
    };
    let order = match sort.direction {
        SortDirection::Ascending => Order::Asc,
        SortDirection::Descending => Order::Desc,
    };
    let mut select = views()
        .filter(condition(filter))
        .order_by(column, order.clone())
        .order_by(Column::Id, order)
        .limit(u64::from(page.limit.get()) + 1);
    match &page.start {
        PageStart::Offset(0) => {}
        // No list is longer than what fits a signed number, and a database refuses a greater one.
        PageStart::Offset(offset) => select = select.offset(Ord::min(*offset, i64::MAX.unsigned_abs())),
        PageStart::After(cursor) => select = select.filter(behind(column, sort, cursor)?),
    }
    Ok(select)
}

/// How many memos fit a filter.
pub fn count(filter: &MemoFilter) -> Select<Entity> {
    Entity::find().select_only().column_as(Expr::cust("COUNT(*)"), "count").filter(condition(filter))
}

/// What [`count`] gives.
#[derive(FromQueryResult)]
pub struct Count {
    pub count: i64,
}

/// The owner of a memo.
pub fn owner(id: MemoId) -> SelectStatement {
    Entity::find().select_only().column(Column::OwnerId).filter(Column::Id.eq(id.as_uuid())).into_query()
}

fn views() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns(COLUMNS)
        .column(user::Column::DisplayName)
        .join(JoinType::InnerJoin, Relation::Owner.def())
}

fn condition(filter: &MemoFilter) -> Condition {
    let trashed = if filter.trashed { Column::DeletedAt.is_not_null() } else { Column::DeletedAt.is_null() };
    let mut condition = match filter.scope {
        MemoScope::Mine => Condition::all().add(Column::OwnerId.eq(filter.viewer.as_uuid())),
        MemoScope::Public => Condition::all().add(is(Visibility::Public)).add(Column::DeletedAt.is_null()),
    };
    condition = condition
        .add(trashed)
        .add_option(filter.archived.map(|archived| Column::Archived.eq(archived)))
        .add_option(filter.pinned.map(|pinned| Column::Pinned.eq(pinned)))
        .add_option(filter.visibility.map(is))
        .add_option(filter.created_after.map(|time| Column::CreatedAt.gt(time.as_micros())))
        .add_option(filter.created_before.map(|time| Column::CreatedAt.lt(time.as_micros())))
        .add_option(filter.updated_after.map(|time| Column::UpdatedAt.gt(time.as_micros())))
        .add_option(filter.updated_before.map(|time| Column::UpdatedAt.lt(time.as_micros())));
    filter.tags.iter().fold(condition, |condition, tag| condition.add(has(tag)))
}

/// The number is written out, not bound: the index of public memos serves only statements that have it.
fn is(visibility: Visibility) -> Expr {
    Expr::col((Entity, Column::Visibility)).eq(Expr::Constant(Value::from(visibility_number(visibility))))
}

fn has(tag: &Tag) -> Expr {
    let tagged = Query::select()
        .expr(Expr::Constant(Value::from(1)))
        .from(memo_tag::Entity)
        .and_where(Expr::col((memo_tag::Entity, memo_tag::Column::OwnerId)).equals((Entity, Column::OwnerId)))
        .and_where(memo_tag::Column::TagKey.eq(tag.key()))
        .and_where(Expr::col((memo_tag::Entity, memo_tag::Column::MemoId)).equals((Entity, Column::Id)))
        .take();
    Expr::exists(tagged)
}

/// What comes behind a place. Two columns are compared as one value, which every database finds in an index.
fn behind(column: Column, sort: MemoSort, cursor: &MemoCursor) -> Result<Expr, StoreError> {
    let position = match (sort.field, &cursor.position) {
        (SortField::UpdatedAt | SortField::CreatedAt, SortPosition::Time(time)) => {
            Value::from(Timestamp::as_micros(*time))
        }
        (SortField::Title, SortPosition::Text(text)) => Value::from(text.as_str()),
        _ => return Err(Misuse::CursorOfOtherOrder.into()),
    };
    let place = Expr::tuple([Expr::col((Entity, column)), Expr::col((Entity, Column::Id))]);
    let cursor = Expr::tuple([Expr::value(position), Expr::value(cursor.id.as_uuid())]);
    Ok(match sort.direction {
        SortDirection::Ascending => place.gt(cursor),
        SortDirection::Descending => place.lt(cursor),
    })
}
