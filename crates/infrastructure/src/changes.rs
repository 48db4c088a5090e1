use async_trait::async_trait;
use memo_domain::{
    Change, ChangeKind, ChangeRepository, Limit, MemoId, NewChange, Stamp, StoreError, Timestamp, UserId,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement, Value};

use super::{dialect, row::row, unit_of_work::SeaOrmUnitOfWork, values::version};
use change::{Column, Entity, Model};

mod change {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "changes")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub owner_id: Uuid,
            #[sea_orm(primary_key, auto_increment = false)]
            pub seq: i64,
            pub kind: String,
            pub memo_id: Uuid,
            pub version: i64,
            pub at: i64,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The number of each user's last change.
mod change_feed {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "change_feeds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub owner_id: Uuid,
        pub last_seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How many changes a statement inserts. SQLite limits the terms of a compound SELECT to 500.
const AT_ONCE: usize = 50;

#[async_trait]
impl ChangeRepository for SeaOrmUnitOfWork {
    async fn append(&mut self, owner: UserId, changes: &[NewChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(changes.len()).map_err(StoreError::corrupt)?;
        let owner = owner.as_uuid();
        let increment = Statement::from_sql_and_values(
            self.backend,
            dialect::count_changes(self.backend),
            [owner.into(), count.into(), count.into()],
        );
        let mut statements = vec![increment];
        let distances: Vec<_> = (0..count).rev().collect();
        for (changes, distances) in changes.chunks(AT_ONCE).zip(distances.chunks(AT_ONCE)) {
            let values = changes.iter().zip(distances).flat_map(|(change, distance)| -> [Value; 6] {
                [
                    (*distance).into(),
                    change.kind.name().into(),
                    change.memo_id.as_uuid().into(),
                    i64::from(change.version.get()).into(),
                    change.at.as_micros().into(),
                    owner.into(),
                ]
            });
            let sql = dialect::insert_changes(self.backend, changes.len());
            statements.push(Statement::from_sql_and_values(self.backend, sql, values));
        }
        self.execute_all(statements).await
    }

    async fn list(&mut self, owner: UserId, since: u64, limit: Limit) -> Result<Vec<Change>, StoreError> {
        let Ok(since) = i64::try_from(since) else { return Ok(Vec::new()) };
        let select = Entity::find()
            .filter(Column::OwnerId.eq(owner.as_uuid()))
            .filter(Column::Seq.gt(since))
            .order_by_asc(Column::Seq)
            .limit(u64::from(limit.get()));
        self.find_all::<Model>(select.build(self.backend)).await?.iter().map(change).collect()
    }

    async fn last_seq(&mut self, owner: UserId) -> Result<u64, StoreError> {
        let select = change_feed::Entity::find()
            .select_only()
            .column(change_feed::Column::LastSeq)
            .filter(change_feed::Column::OwnerId.eq(owner.as_uuid()));
        let last = self.find_one::<Last>(select.build(self.backend)).await?.map_or(0, |last| last.last_seq);
        u64::try_from(last).map_err(StoreError::corrupt)
    }

    async fn lookup_stamp(&mut self, owner: UserId) -> Result<Option<Stamp>, StoreError> {
        let statement =
            Statement::from_sql_and_values(self.backend, dialect::stamp(self.backend), [owner.as_uuid().into()]);
        let Some(row) = self.find_one::<StampRow>(statement).await? else { return Ok(None) };
        let last_change = u64::try_from(row.last_seq.unwrap_or(0)).map_err(StoreError::corrupt)?;
        Ok(Some(Stamp { last_change, user: version(row.version)? }))
    }

    async fn remove_before(&mut self, time: Timestamp, most: u32) -> Result<u64, StoreError> {
        let statement = Statement::from_sql_and_values(
            self.backend,
            dialect::remove_changes(self.backend),
            [time.as_micros().into(), i64::from(most).into()],
        );
        self.execute(statement).await
    }
}

row! {
    struct Last {
        last_seq: i64,
    }
}

row! {
    struct StampRow {
        last_seq: Option<i64>,
        version: i64,
    }
}

fn change(row: &Model) -> Result<Change, StoreError> {
    Ok(Change {
        seq: u64::try_from(row.seq).map_err(StoreError::corrupt)?,
        kind: ChangeKind::from_name(&row.kind).ok_or_else(|| StoreError::corrupt("an unknown kind of change"))?,
        memo_id: MemoId::new(row.memo_id),
        version: version(row.version)?,
        at: Timestamp::from_micros(row.at),
    })
}
