//! The statements that select memos.

use memo_domain::{
    MemoCursor, MemoFilter, MemoId, MemoScope, MemoSort, PageStart, SearchQuery, SortDirection, SortField,
    SortPosition, StoreError, Tag, Timestamp, UserId, Visibility,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, IdenStatic, Iterable, JoinType, Order, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, RelationTrait, Select, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::{
    plan::{Plan, Start},
    row::{
        COLUMNS,
        memo::{Column, Entity, Relation},
        visibility_number,
    },
    tags::memo_tag,
};
use crate::{
    dialect::{self, Role},
    error::Misuse,
    likes,
    prepared::Prepared,
    row::row,
    users::user,
};

/// Builds the texts of the most frequent statements.
pub fn prepare(backend: DbBackend) -> Prepared {
    // Without a LIMIT: the id is unique, and SQLite would plan the statement again for each value of a LIMIT.
    let of = |select: Select<Entity>| select.filter(Column::Id.eq(Uuid::nil())).build(backend).sql;
    let mut insert = Query::insert();
    insert.into_table(Entity).columns(Column::iter()).values_panic(Column::iter().map(|_| Expr::val(0)));
    let owner_name = user::Entity::find().select_only().column(user::Column::DisplayName);
    Prepared {
        backend,
        lookup: of(views()),
        locking_lookup: of(locking_views()),
        insert: backend.build(&insert).sql,
        owner_name: owner_name.filter(user::Column::Id.eq(Uuid::nil())).build(backend).sql,
    }
}

/// Selects memos by their ids, in the order in which they are locked.
pub fn lookup_all(ids: &[MemoId], is_locking: bool) -> Select<Entity> {
    let select = if is_locking { locking_views() } else { views() };
    select.filter(Column::Id.is_in(ids.iter().map(|id| id.as_uuid()))).order_by_asc(Column::Id)
}

/// The part of a list to select.
pub struct Rows<'a> {
    pub sort: MemoSort,
    pub start: &'a PageStart<MemoCursor>,
    pub limit: u64,
}

/// Selects a part of a list.
pub fn list(filter: &MemoFilter, rows: &Rows, plan: &Plan, backend: DbBackend) -> Result<Select<Entity>, StoreError> {
    let sort = rows.sort;
    let column = match sort.field {
        SortField::UpdatedAt => Column::UpdatedAt,
        SortField::CreatedAt => Column::CreatedAt,
        SortField::Title => Column::TitleKey,
        SortField::Relevance => return Err(Misuse::UnindexedOrder.into()),
    };
    let order = order(sort.direction);
    let by = match plan.start {
        Start::Order => Expr::col((Entity, column)),
        Start::Search | Start::Tag(_) | Start::Liked | Start::Time => {
            dialect::opaque(Expr::col((Entity, column)), matches!(column, Column::TitleKey))
        }
    };
    let mut select = views()
        .filter(condition(filter, plan, Some(rows), backend))
        .order_by(by.clone(), order.clone())
        .order_by(Column::Id, order)
        .limit(rows.limit);
    match rows.start {
        PageStart::Offset(0) => {}
        // Databases reject an OFFSET above the signed maximum; no list is that long.
        PageStart::Offset(offset) => select = select.offset(Ord::min(*offset, i64::MAX.unsigned_abs())),
        PageStart::After(cursor) => select = select.filter(after(backend, by, sort, cursor)?),
    }
    if let (Start::Order, Some(kind)) = (&plan.start, kind(filter, sort.field)) {
        dialect::force_index(backend, QueryTrait::query(&mut select), kind, column.as_str());
    }
    Ok(select)
}

const fn order(direction: SortDirection) -> Order {
    match direction {
        SortDirection::Ascending => Order::Asc,
        SortDirection::Descending => Order::Desc,
    }
}

/// The kind of a list, as in the name of its index, if all databases have an index in its order.
fn kind(filter: &MemoFilter, sorted_by: SortField) -> Option<&'static str> {
    let is_by_change = sorted_by == SortField::UpdatedAt;
    match filter.scope {
        MemoScope::Public => Some("public"),
        MemoScope::Liked => None,
        MemoScope::Mine if filter.trashed || filter.archived.is_none() => None,
        MemoScope::Mine if filter.pinned == Some(true) => is_by_change.then_some("pinned"),
        MemoScope::Mine if filter.visibility == Some(Visibility::Public) => is_by_change.then_some("shown"),
        MemoScope::Mine => Some("active"),
    }
}

/// Counts the memos that match a filter.
pub fn count(filter: &MemoFilter, plan: &Plan, backend: DbBackend) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column_as(Expr::cust("COUNT(*)"), "count")
        .filter(condition(filter, plan, None, backend))
}

/// Selects a part of a list by relevance, as [`Scored`](super::row::Scored).
pub fn most_relevant(
    filter: &MemoFilter,
    search: &SearchQuery,
    rows: &Rows,
    plan: &Plan,
    backend: DbBackend,
) -> Result<Select<Entity>, StoreError> {
    let order = order(rows.sort.direction);
    let score = dialect::relevance(backend, search);
    let mut select = views()
        .column_as(score.clone(), "score")
        .filter(condition(filter, plan, None, backend))
        .order_by(Expr::cust("score"), order.clone())
        .order_by(Column::UpdatedAt, order.clone())
        .order_by(Column::Id, order)
        .limit(rows.limit);
    match rows.start {
        PageStart::Offset(0) => {}
        PageStart::Offset(offset) => select = select.offset(Ord::min(*offset, i64::MAX.unsigned_abs())),
        PageStart::After(MemoCursor { position: SortPosition::Relevance { score: last, updated_at }, id }) => {
            let columns = [score, Expr::col((Entity, Column::UpdatedAt)), Expr::col((Entity, Column::Id))];
            let values: [Value; 3] = [i64::from(*last).into(), updated_at.as_micros().into(), id.as_uuid().into()];
            let (place, cursor) = (Expr::tuple(columns), Expr::tuple(values.map(Expr::value)));
            select = select.filter(match rows.sort.direction {
                SortDirection::Ascending => place.gt(cursor),
                SortDirection::Descending => place.lt(cursor),
            });
        }
        PageStart::After(_) => return Err(Misuse::CursorOfOtherOrder.into()),
    }
    Ok(select)
}

/// Counts the memos of a user with a tag, up to `limit`.
pub fn count_tagged(owner: UserId, tag: &Tag, limit: u32) -> SelectStatement {
    let found = Query::select()
        .expr(Expr::Constant(Value::from(1)))
        .from(memo_tag::Entity)
        .and_where(memo_tag::Column::OwnerId.eq(owner.as_uuid()))
        .and_where(memo_tag::Column::TagKey.eq(tag.key()))
        .limit(limit.into())
        .take();
    Query::select().expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(found, "found").take()
}

/// Counts the memos of a user within the filter's bounds of a time that the list is not sorted by, up to `limit`. `None` if
/// there is no such bound, or no index for it.
pub fn count_of_time(filter: &MemoFilter, sorted_by: SortField, limit: u32) -> Option<SelectStatement> {
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
        .limit(limit.into())
        .take();
    Some(Query::select().expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(found, "found").take())
}

const fn time_column(field: SortField) -> Column {
    match field {
        SortField::CreatedAt => Column::CreatedAt,
        _ => Column::UpdatedAt,
    }
}

/// The owner whose memos a search looks up; `None` for all owners.
pub fn searched_owner(filter: &MemoFilter) -> Option<UserId> {
    match filter.scope {
        MemoScope::Mine => Some(filter.viewer),
        MemoScope::Public | MemoScope::Liked => None,
    }
}

row! {
    /// The row of [`Prepared::owner_name`].
    pub struct Owner {
        pub display_name: String,
    }
}

pub fn views() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns(COLUMNS)
        .column(user::Column::DisplayName)
        .join(JoinType::InnerJoin, Relation::Owner.def())
}

fn locking_views() -> Select<Entity> {
    // A subquery, not a join: FOR UPDATE would also lock the joined owner's row, and block inserts of rows that reference
    // it.
    let owner_name = Query::select()
        .column((user::Entity, user::Column::DisplayName))
        .from(user::Entity)
        .and_where(Expr::col((user::Entity, user::Column::Id)).equals((Entity, Column::OwnerId)))
        .take();
    let views = Entity::find().select_only().columns(COLUMNS).expr(Expr::SubQuery(None, Box::new(owner_name.into())));
    views.lock_exclusive()
}

fn condition(filter: &MemoFilter, plan: &Plan, rows: Option<&Rows>, backend: DbBackend) -> Condition {
    let trashed = if filter.trashed { Column::DeletedAt.is_not_null() } else { Column::DeletedAt.is_null() };
    let mut condition = match filter.scope {
        MemoScope::Mine => {
            let is_owner = Column::OwnerId.eq(filter.viewer.as_uuid());
            Condition::all().add(match plan.start {
                Start::Search => dialect::owner_of_found(backend, is_owner),
                Start::Tag(_) => dialect::owner_of_tagged(backend, is_owner),
                Start::Order | Start::Liked | Start::Time => is_owner,
            })
        }
        MemoScope::Public => Condition::all().add(is(Visibility::Public)).add(Column::DeletedAt.is_null()),
        MemoScope::Liked => {
            let is_shown = is(Visibility::Public).and(Column::DeletedAt.is_null());
            let is_visible = Column::OwnerId.eq(filter.viewer.as_uuid()).or(is_shown);
            Condition::all()
                .add(Column::Id.in_subquery(likes::memos_of(filter.viewer).into_query()))
                .add(dialect::owner_of_found(backend, is_visible))
        }
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
        let opaque = || dialect::opaque(time.clone(), false);
        // The planner must not use an index for two kinds of bounds. With a bound of another time than that of the order, it
        // would scan the other time's index and sort. With a bound that the cursor has passed, the scan would start at the
        // bound, far before the cursor.
        let is_other = matches!(plan.start, Start::Order) && rows.is_some_and(|rows| rows.sort.field != field);
        let is_passed = |direction| {
            rows.is_some_and(|rows| {
                matches!(rows.start, PageStart::After(_)) && rows.sort == (MemoSort { field, direction })
            })
        };
        let lower = if is_other || is_passed(SortDirection::Ascending) { opaque() } else { time.clone() };
        let upper = if is_other || is_passed(SortDirection::Descending) { opaque() } else { time.clone() };
        condition = condition
            .add_option(after.map(|bound| lower.gt(bound.as_micros())))
            .add_option(before.map(|bound| upper.lt(bound.as_micros())));
    }
    // A count has no order, so the planner may choose.
    let default_role = if rows.is_none() && matches!(plan.start, Start::Order) { Role::Either } else { Role::Filter };
    if let Some(query) = &plan.gram_query {
        let role = if matches!(plan.start, Start::Search) { Role::Lookup } else { default_role };
        condition = condition.add(dialect::contains_grams(backend, searched_owner(filter), query, role));
    }
    if let (true, Some(search)) = (plan.texts_decide, &filter.search) {
        condition = condition.add(dialect::contains_terms(backend, search));
    }
    filter.tags.iter().fold(condition, |condition, tag| match &plan.start {
        Start::Tag(first) if first == tag => condition.add(is_among_tagged(filter.viewer, tag)),
        _ => condition.add(has(tag, default_role)),
    })
}

/// The value is a literal, not a parameter: a partial index is used only by statements that contain its condition.
fn equals(column: Column, value: bool) -> Expr {
    Expr::col((Entity, column)).eq(Expr::Constant(Value::from(value)))
}

/// The condition that looks up memos by a tag of their owner.
fn is_among_tagged(owner: UserId, tag: &Tag) -> Expr {
    let tagged = Query::select()
        .column(memo_tag::Column::MemoId)
        .from(memo_tag::Entity)
        .and_where(memo_tag::Column::OwnerId.eq(owner.as_uuid()))
        .and_where(memo_tag::Column::TagKey.eq(tag.key()))
        .take();
    Column::Id.in_subquery(tagged)
}

/// Like [`equals`].
pub fn is(visibility: Visibility) -> Expr {
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
        // The planner does not turn a scalar subquery into a join.
        Role::Filter => Expr::SubQuery(None, Box::new(tagged.into())).is(Expr::Constant(Value::from(true))),
        Role::Lookup | Role::Either => Expr::exists(tagged),
    }
}

/// The condition for memos after a cursor, in the order of `by`.
fn after(backend: DbBackend, by: Expr, sort: MemoSort, cursor: &MemoCursor) -> Result<Expr, StoreError> {
    let position = match (sort.field, &cursor.position) {
        (SortField::UpdatedAt | SortField::CreatedAt, SortPosition::Time(time)) => {
            Value::from(Timestamp::as_micros(*time))
        }
        (SortField::Title, SortPosition::Text(text)) => Value::from(text.as_str()),
        _ => return Err(Misuse::CursorOfOtherOrder.into()),
    };
    let columns = [by, Expr::col((Entity, Column::Id))];
    let values = [Expr::value(position), Expr::value(cursor.id.as_uuid())];
    Ok(dialect::after(backend, columns, values, sort.direction == SortDirection::Ascending))
}
