//! The repository of links between memos.

use async_trait::async_trait;
use memo_domain::{
    LinkRepository, LinkTarget, Memo, MemoId, MemoView, Page, PageRequest, StoreError, UserId, Visibility,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{query, row::MemoRow};
use crate::{memos::memo, unit_of_work::SeaOrmUnitOfWork, values::page};
use memo_link::{Column, Entity};

/// The index of memos by what they link to.
mod memo_link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memo_links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub target: Vec<u8>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub memo_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The number of links that one statement inserts.
const INSERTED: usize = 1_000;

#[async_trait]
impl LinkRepository for SeaOrmUnitOfWork {
    async fn insert_all(&mut self, links: &[(MemoId, LinkTarget)]) -> Result<(), StoreError> {
        for links in links.chunks(INSERTED) {
            let mut insert = Query::insert();
            insert.into_table(Entity).columns([Column::Target, Column::MemoId]);
            for (memo, target) in links {
                insert.values_panic([target.as_bytes().to_vec().into(), memo.as_uuid().into()]);
            }
            self.execute(self.backend.build(&insert)).await?;
        }
        Ok(())
    }

    async fn remove_all(&mut self, memo: MemoId) -> Result<(), StoreError> {
        let delete = Entity::delete_many().filter(Column::MemoId.eq(memo.as_uuid()));
        self.execute(delete.build(self.backend)).await.map(drop)
    }

    async fn list_backlinks(
        &mut self,
        memo: &Memo,
        viewer: UserId,
        request: &PageRequest<MemoId>,
    ) -> Result<Page<MemoView, MemoId>, StoreError> {
        let targets = LinkTarget::all_to(memo).into_iter().map(|target| Expr::value(target.as_bytes().to_vec()));
        let linking = Query::select()
            .column(Column::MemoId)
            .from(Entity)
            .and_where(Expr::col((Entity, Column::Target)).is_in(targets))
            .take();
        let is_visible =
            Condition::any().add(memo::Column::OwnerId.eq(viewer.as_uuid())).add(query::is(Visibility::Public));
        let select = query::views()
            .filter(memo::Column::Id.in_subquery(linking))
            .filter(memo::Column::Id.ne(memo.id.as_uuid()))
            .filter(memo::Column::DeletedAt.is_null())
            .filter(is_visible)
            .order_by_desc(memo::Column::Id);
        let select = page(select, request, |last| memo::Column::Id.lt(last.as_uuid()));
        let rows = self.find_all::<MemoRow>(select.build(self.backend)).await?;
        let views = rows.into_iter().map(MemoRow::into_view).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(views, request.limit, |view: &MemoView| view.memo.id))
    }
}
