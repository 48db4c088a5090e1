//! Statements on `memo_tags`, an index of memos by owner and tag. It has all columns that a lookup or a count of tags needs.

use memo_domain::{Memo, MemoId, StoreError, Tag, UserId};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Statement, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Order, Query, SelectStatement},
};

use crate::row::row;
use memo_tag::{Column, Entity};

/// The index of memos by their tags.
pub mod memo_tag {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memo_tags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag_key: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub memo_id: Uuid,
        /// The tag as the memo spells it.
        pub tag: String,
        /// Whether the memo is in the trash.
        pub trashed: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Inserts the tags of memos, if they have any.
pub fn insert<'m>(memos: impl IntoIterator<Item = &'m Memo>, backend: DbBackend) -> Option<Statement> {
    let mut insert = Query::insert();
    insert.into_table(Entity).columns([Column::OwnerId, Column::TagKey, Column::MemoId, Column::Tag, Column::Trashed]);
    let mut has_tags = false;
    for (memo, tag) in memos.into_iter().flat_map(|memo| memo.state.tags.iter().map(move |tag| (memo, tag))) {
        insert.values_panic([
            memo.owner_id.as_uuid().into(),
            tag.key().into(),
            memo.id.as_uuid().into(),
            tag.as_str().into(),
            memo.is_trashed().into(),
        ]);
        has_tags = true;
    }
    has_tags.then(|| backend.build(&insert))
}

/// Selects every spelling of a user's tags, with the number of memos outside the trash that have it, as [`Spelling`].
pub fn spellings(owner: UserId) -> Select<Entity> {
    of(owner).column(Column::Tag).column_as(Expr::cust("COUNT(*)"), "count").group_by(Column::Tag)
}

/// Like [`spellings`], of the first tags after one.
pub fn page(owner: UserId, after: Option<&Tag>, limit: u32) -> Select<Entity> {
    let key = || Expr::col((Entity, Column::TagKey));
    let after = |select: &mut SelectStatement| {
        select.and_where_option(after.map(|after| key().gt(after.key())));
    };
    let mut keys = Query::select()
        .expr_as(key(), "tag_key")
        .from(Entity)
        .and_where(Column::OwnerId.eq(owner.as_uuid()))
        .and_where(is_not_trashed())
        .group_by_col((Entity, Column::TagKey))
        .order_by((Entity, Column::TagKey), Order::Asc)
        .limit(limit.into())
        .take();
    after(&mut keys);
    let last = Query::select().expr(Expr::cust("MAX(tag_key)")).from_subquery(keys, "keys").take();
    let mut select = spellings(owner).filter(key().lte(Expr::SubQuery(None, Box::new(last.into()))));
    after(QueryTrait::query(&mut select));
    select
}

/// Counts those of some tags that a user's memos outside the trash have, as [`Count`](crate::unit_of_work::Count).
pub fn count_present(owner: UserId, tags: &[Tag], backend: DbBackend) -> Statement {
    let keys = tags.iter().map(|tag| {
        let found = Query::select()
            .expr(Expr::Constant(Value::from(1_i64)))
            .from(Entity)
            .and_where(Column::OwnerId.eq(owner.as_uuid()))
            .and_where(Column::TagKey.eq(tag.key()))
            .and_where(is_not_trashed())
            .limit(1)
            .take();
        Expr::cust_with_expr(
            if backend == DbBackend::Postgres { "COALESCE($1, 0)" } else { "COALESCE(?, 0)" },
            Expr::SubQuery(None, Box::new(found.into())),
        )
    });
    let sum = keys.reduce(ExprTrait::add).unwrap_or_else(|| Expr::Constant(Value::from(0_i64)));
    // There, the sum of small numbers has a small type.
    let sum = if backend == DbBackend::Postgres { sum.cast_as("bigint") } else { sum };
    backend.build(&Query::select().expr_as(sum, "count").take())
}

/// Selects the memos of a user with a tag that are not in the trash, after an id, as [`Tagged`].
pub fn tagged(owner: UserId, tag: &Tag, after: Option<MemoId>) -> Select<Entity> {
    of(owner)
        .column(Column::MemoId)
        .filter(Column::TagKey.eq(tag.key()))
        .apply_if(after, |select, after| select.filter(Column::MemoId.gt(after.as_uuid())))
        .order_by_asc(Column::MemoId)
}

fn of(owner: UserId) -> Select<Entity> {
    Entity::find().select_only().filter(Column::OwnerId.eq(owner.as_uuid())).filter(is_not_trashed())
}

fn is_not_trashed() -> Expr {
    Expr::col((Entity, Column::Trashed)).eq(Expr::Constant(Value::from(false)))
}

row! {
    /// A row of [`spellings`].
    pub struct Spelling {
        tag: String,
        count: i64,
    }
}

impl Spelling {
    pub fn into_tag(self) -> Result<(Tag, u64), StoreError> {
        let tag = Tag::new(self.tag).map_err(StoreError::corrupt)?;
        Ok((tag, u64::try_from(self.count).map_err(StoreError::corrupt)?))
    }
}

row! {
    /// A row of [`tagged`].
    pub struct Tagged {
        pub memo_id: Uuid,
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::QueryTrait;

    use super::*;
    use crate::{SeaOrmStore, StoreOptions, memos::plans::sqlite::plan};

    fn tag(text: &str) -> Tag {
        Tag::new(text).expect("a valid tag")
    }

    fn owner() -> UserId {
        UserId::new(Uuid::from_u128(1))
    }

    async fn sqlite_store() -> (SeaOrmStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/memo.db", folder.path().display());
        let store = SeaOrmStore::open(StoreOptions::new(url)).await.expect("the store opens");
        store.migrate_up().await.expect("the schema is created");
        (store, folder)
    }

    #[tokio::test]
    async fn tag_statements_search_the_primary_key_without_sorting_or_scanning() {
        let (store, _folder) = sqlite_store().await;
        for (select, expected) in
            [(spellings(owner()), "(owner_id=?)"), (tagged(owner(), &tag("work"), None), "(owner_id=? AND tag_key=?)")]
        {
            let plan = plan(&store, select.build(DbBackend::Sqlite)).await;
            let steps: Vec<_> = plan.lines().collect();
            assert_eq!(steps[0], format!("SEARCH memo_tags USING PRIMARY KEY {expected}"));
            let is_sorted = steps.iter().any(|step| step.contains("ORDER BY"));
            assert!(!is_sorted && steps.iter().all(|step| !step.contains("SCAN")), "{steps:?}");
        }
    }
}
