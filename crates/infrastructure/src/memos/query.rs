//! The statements that find memos.

use memo_domain::{
    Memo, MemoCursor, MemoFilter, MemoId, MemoScope, MemoSort, PageStart, SortDirection, SortField, SortPosition,
    StoreError, Tag, Timestamp, UserId, Visibility,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbBackend, EntityTrait, FromQueryResult, IdenStatic, Iterable, JoinType,
    Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationTrait, Select, Statement, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::{
    row::{COLUMNS, visibility_number},
    search::{Plan, Start},
};
use crate::{
    dialect::{self, Role},
    entity::{
        memo::{ActiveModel, Column, Entity, Relation},
        memo_tag, user,
    },
    error::Misuse,
};

/// The statements that run most: built once, since to build one takes as long as a quarter of running it.
#[derive(Debug)]
pub struct Prepared {
    backend: DbBackend,
    lookup: String,
    locking_lookup: String,
    insert: String,
    owner_of_new: String,
}

impl Prepared {
    pub fn new(backend: DbBackend) -> Self {
        // No LIMIT: the id is unique, and SQLite would plan anew for each value of it.
        let of = |select: Select<Entity>| select.filter(Column::Id.eq(Uuid::nil())).build(backend).sql;
        // The owner's row is not joined: it would be locked as well, and with it all that the owner adds.
        let owner_name = Query::select()
            .column((user::Entity, user::Column::DisplayName))
            .from(user::Entity)
            .and_where(Expr::col((user::Entity, user::Column::Id)).equals((Entity, Column::OwnerId)))
            .take();
        let locking =
            Entity::find().select_only().columns(COLUMNS).expr(Expr::SubQuery(None, Box::new(owner_name.into())));
        let mut insert = Query::insert();
        insert.into_table(Entity).columns(Column::iter()).values_panic(Column::iter().map(|_| Expr::val(0)));
        let taken = Query::select()
            .expr(Expr::Constant(Value::from(1)))
            .from(Entity)
            .and_where(Column::Id.eq(Uuid::nil()))
            .take();
        let owner_of_new = user::Entity::find()
            .select_only()
            .column(user::Column::DisplayName)
            .filter(user::Column::Id.eq(Uuid::nil()))
            .filter(Expr::exists(taken).not());
        Self {
            backend,
            lookup: of(views()),
            locking_lookup: of(locking.lock_exclusive()),
            insert: backend.build(&insert).sql,
            owner_of_new: owner_of_new.build(backend).sql,
        }
    }

    /// A memo by its id.
    pub fn lookup(&self, id: MemoId) -> Statement {
        self.statement(&self.lookup, [id.as_uuid().into()])
    }

    /// By one who may change it. Others who may wait until this one has ended, and then see what it did; otherwise all but
    /// one of those who change a memo at the same time would find it changed and begin anew.
    pub fn locking_lookup(&self, id: MemoId) -> Statement {
        self.statement(&self.locking_lookup, [id.as_uuid().into()])
    }

    /// Adds a memo.
    pub fn insert(&self, mut row: ActiveModel) -> Statement {
        self.statement(&self.insert, Column::iter().filter_map(|column| row.take(column).into_value()))
    }

    /// What the owner of a memo is called whose id is not taken; as [`Owner`].
    pub fn owner_of_new(&self, memo: &Memo) -> Statement {
        self.statement(&self.owner_of_new, [memo.owner_id.as_uuid().into(), memo.id.as_uuid().into()])
    }

    fn statement(&self, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, text, values)
    }
}

/// Which part of a list is read.
pub struct Rows<'a> {
    pub sort: MemoSort,
    pub start: &'a PageStart<MemoCursor>,
    pub most: u64,
}

/// A part of a list.
pub fn list(filter: &MemoFilter, rows: &Rows, plan: &Plan, backend: DbBackend) -> Result<Select<Entity>, StoreError> {
    let sort = rows.sort;
    let column = match sort.field {
        SortField::UpdatedAt => Column::UpdatedAt,
        SortField::CreatedAt => Column::CreatedAt,
        SortField::Title => Column::TitleKey,
        SortField::Relevance => return Err(Misuse::OrderOfNoIndex.into()),
    };
    let order = match sort.direction {
        SortDirection::Ascending => Order::Asc,
        SortDirection::Descending => Order::Desc,
    };
    let by = match plan.start {
        Start::Order => Expr::col((Entity, column)),
        Start::Search | Start::Tag(_) | Start::Time => {
            dialect::opaque(Expr::col((Entity, column)), matches!(column, Column::TitleKey))
        }
    };
    let mut select = views()
        .filter(condition(filter, plan, Some(rows), backend))
        .order_by(by.clone(), order.clone())
        .order_by(Column::Id, order)
        .limit(rows.most);
    match rows.start {
        PageStart::Offset(0) => {}
        // No list is longer than what fits a signed number, and a database refuses a greater one.
        PageStart::Offset(offset) => select = select.offset(Ord::min(*offset, i64::MAX.unsigned_abs())),
        PageStart::After(cursor) => select = select.filter(after(backend, by, sort, cursor)?),
    }
    if let (Start::Order, Some(kind)) = (&plan.start, kind(filter, sort.field)) {
        dialect::walk(backend, QueryTrait::query(&mut select), kind, column.as_str());
    }
    Ok(select)
}

/// The kind of a list, where every database has an index in its order.
fn kind(filter: &MemoFilter, sorted_by: SortField) -> Option<&'static str> {
    let is_by_change = sorted_by == SortField::UpdatedAt;
    match filter.scope {
        MemoScope::Public => Some("public"),
        MemoScope::Mine if filter.trashed || filter.archived.is_none() => None,
        MemoScope::Mine if filter.pinned == Some(true) => is_by_change.then_some("pinned"),
        MemoScope::Mine if filter.visibility == Some(Visibility::Public) => is_by_change.then_some("shown"),
        MemoScope::Mine => Some("active"),
    }
}

/// How many memos fit a filter.
pub fn count(filter: &MemoFilter, plan: &Plan, backend: DbBackend) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column_as(Expr::cust("COUNT(*)"), "count")
        .filter(condition(filter, plan, None, backend))
}

/// All memos that may fit a filter, with what they are sorted and counted by.
pub fn candidates(filter: &MemoFilter, plan: &Plan, backend: DbBackend) -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::UpdatedAt, Column::Title])
        .filter(condition(filter, plan, None, backend))
}

/// The memos with these ids, of which there are `named` at most.
pub fn named(ids: &[Uuid], named: usize) -> Select<Entity> {
    views().filter(one_of(ids, named))
}

/// The texts of the memos with these ids, of which there are `named` at most.
pub fn texts(ids: &[Uuid], named: usize) -> Select<Entity> {
    Entity::find().select_only().columns([Column::Id, Column::Title, Column::Content]).filter(one_of(ids, named))
}

/// What [`texts`] gives.
#[derive(FromQueryResult)]
pub struct Text {
    pub id: Uuid,
    pub title: String,
    pub content: String,
}

/// The last one is named as often as it takes to name so many.
fn one_of(ids: &[Uuid], named: usize) -> Expr {
    let last = ids.last().copied();
    Column::Id.is_in(ids.iter().copied().chain(std::iter::repeat_with(|| last).flatten()).take(named))
}

/// How many memos of a member have a tag, counted to `most`.
pub fn count_tagged(owner: UserId, tag: &Tag, most: u32) -> SelectStatement {
    let found = Query::select()
        .expr(Expr::Constant(Value::from(1)))
        .from(memo_tag::Entity)
        .and_where(memo_tag::Column::OwnerId.eq(owner.as_uuid()))
        .and_where(memo_tag::Column::TagKey.eq(tag.key()))
        .limit(most.into())
        .take();
    Query::select().expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(found, "found").take()
}

/// How many memos of a member are of the time that a filter names, counted to `most`; where that is another time than the one
/// that the list is sorted by.
pub fn count_of_time(filter: &MemoFilter, sorted_by: SortField, most: u32) -> Option<SelectStatement> {
    let (column, after, before) = if sorted_by == SortField::UpdatedAt {
        (SortField::CreatedAt, filter.created_after, filter.created_before)
    } else {
        (SortField::UpdatedAt, filter.updated_after, filter.updated_before)
    };
    if filter.scope != MemoScope::Mine || filter.trashed || filter.archived != Some(false) || after.or(before).is_none()
    {
        return None;
    }
    let time = Expr::col((Entity, time_column(column)));
    let found = Query::select()
        .expr(Expr::Constant(Value::from(1)))
        .from(Entity)
        .and_where(Column::OwnerId.eq(filter.viewer.as_uuid()))
        .and_where(Column::DeletedAt.is_null())
        .and_where(equals(Column::Archived, false))
        .and_where_option(after.map(|bound| time.clone().gt(bound.as_micros())))
        .and_where_option(before.map(|bound| time.clone().lt(bound.as_micros())))
        .limit(most.into())
        .take();
    Some(Query::select().expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(found, "found").take())
}

const fn time_column(field: SortField) -> Column {
    match field {
        SortField::CreatedAt => Column::CreatedAt,
        _ => Column::UpdatedAt,
    }
}

/// Whose memos a search looks up: those of one member, or everybody's.
pub fn searched_owner(filter: &MemoFilter) -> Option<UserId> {
    match filter.scope {
        MemoScope::Mine => Some(filter.viewer),
        MemoScope::Public => None,
    }
}

/// What [`count`] and those of its kind give.
#[derive(FromQueryResult)]
pub struct Count {
    pub count: i64,
}

/// What the owner of a memo is called.
pub fn owner_name(memo: &Memo, backend: DbBackend) -> Statement {
    user::Entity::find()
        .select_only()
        .column(user::Column::DisplayName)
        .filter(user::Column::Id.eq(memo.owner_id.as_uuid()))
        .build(backend)
}

/// What [`owner_name`] and [`Prepared::owner_of_new`] give.
#[derive(FromQueryResult)]
pub struct Owner {
    pub display_name: String,
}

fn views() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns(COLUMNS)
        .column(user::Column::DisplayName)
        .join(JoinType::InnerJoin, Relation::Owner.def())
}

fn condition(filter: &MemoFilter, plan: &Plan, rows: Option<&Rows>, backend: DbBackend) -> Condition {
    let trashed = if filter.trashed { Column::DeletedAt.is_not_null() } else { Column::DeletedAt.is_null() };
    let mut condition = match filter.scope {
        MemoScope::Mine => {
            let is_owner = Column::OwnerId.eq(filter.viewer.as_uuid());
            Condition::all().add(match plan.start {
                Start::Search => dialect::owner_of_found(backend, is_owner),
                Start::Tag(_) => dialect::owner_of_tagged(backend, is_owner),
                Start::Order | Start::Time => is_owner,
            })
        }
        MemoScope::Public => Condition::all().add(is(Visibility::Public)).add(Column::DeletedAt.is_null()),
    };
    condition = condition
        .add(trashed)
        .add_option(filter.archived.map(|archived| equals(Column::Archived, archived)))
        .add_option(filter.pinned.map(|pinned| equals(Column::Pinned, pinned)))
        .add_option(filter.visibility.map(is));
    for (field, after, before) in [
        (SortField::CreatedAt, filter.created_after, filter.created_before),
        (SortField::UpdatedAt, filter.updated_after, filter.updated_before),
    ] {
        let time = Expr::col((Entity, time_column(field)));
        let hidden = || dialect::opaque(time.clone(), false);
        // A bound of another time than that of the order would be walked in its own order, and all of it sorted; one that a
        // cursor lies behind would have the walk begin far before the cursor.
        let is_other = matches!(plan.start, Start::Order) && rows.is_some_and(|rows| rows.sort.field != field);
        let is_passed = |direction| {
            rows.is_some_and(|rows| {
                matches!(rows.start, PageStart::After(_)) && rows.sort == (MemoSort { field, direction })
            })
        };
        let lower = if is_other || is_passed(SortDirection::Ascending) { hidden() } else { time.clone() };
        let upper = if is_other || is_passed(SortDirection::Descending) { hidden() } else { time.clone() };
        condition = condition
            .add_option(after.map(|bound| lower.gt(bound.as_micros())))
            .add_option(before.map(|bound| upper.lt(bound.as_micros())));
    }
    // A count reads all that fits, in any order.
    let beside = if rows.is_none() && matches!(plan.start, Start::Order) { Role::Either } else { Role::Follows };
    if let Some(wanted) = &plan.wanted {
        let role = if matches!(plan.start, Start::Search) { Role::Leads } else { beside };
        condition = condition.add(dialect::has(backend, searched_owner(filter), wanted, role));
    }
    filter.tags.iter().fold(condition, |condition, tag| match &plan.start {
        Start::Tag(first) if first == tag => condition.add(is_among_tagged(filter.viewer, tag)),
        _ => condition.add(has(tag, beside)),
    })
}

/// The value is written out, not bound: a partial index serves only statements that have it.
fn equals(column: Column, value: bool) -> Expr {
    Expr::col((Entity, column)).eq(Expr::Constant(Value::from(value)))
}

/// The memo is looked up among those of its owner that have the tag.
fn is_among_tagged(owner: UserId, tag: &Tag) -> Expr {
    let tagged = Query::select()
        .column(memo_tag::Column::MemoId)
        .from(memo_tag::Entity)
        .and_where(memo_tag::Column::OwnerId.eq(owner.as_uuid()))
        .and_where(memo_tag::Column::TagKey.eq(tag.key()))
        .take();
    Column::Id.in_subquery(tagged)
}

/// As [`equals`].
fn is(visibility: Visibility) -> Expr {
    Expr::col((Entity, Column::Visibility)).eq(Expr::Constant(Value::from(visibility_number(visibility))))
}

fn has(tag: &Tag, role: Role) -> Expr {
    let tagged = Query::select()
        .expr(Expr::Constant(Value::from(true)))
        .from(memo_tag::Entity)
        .and_where(Expr::col((memo_tag::Entity, memo_tag::Column::OwnerId)).equals((Entity, Column::OwnerId)))
        .and_where(memo_tag::Column::TagKey.eq(tag.key()))
        .and_where(Expr::col((memo_tag::Entity, memo_tag::Column::MemoId)).equals((Entity, Column::Id)))
        .take();
    match role {
        // What is computed for each memo is not joined to it.
        Role::Follows => Expr::SubQuery(None, Box::new(tagged.into())).is(Expr::Constant(Value::from(true))),
        Role::Leads | Role::Either => Expr::exists(tagged),
    }
}

/// What comes behind a place in the order of an expression.
fn after(backend: DbBackend, by: Expr, sort: MemoSort, cursor: &MemoCursor) -> Result<Expr, StoreError> {
    let position = match (sort.field, &cursor.position) {
        (SortField::UpdatedAt | SortField::CreatedAt, SortPosition::Time(time)) => {
            Value::from(Timestamp::as_micros(*time))
        }
        (SortField::Title, SortPosition::Text(text)) => Value::from(text.as_str()),
        _ => return Err(Misuse::CursorOfOtherOrder.into()),
    };
    let columns = [by, Expr::col((Entity, Column::Id))];
    let place = [Expr::value(position), Expr::value(cursor.id.as_uuid())];
    Ok(dialect::after(backend, columns, place, sort.direction == SortDirection::Ascending))
}
