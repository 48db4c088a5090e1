use async_trait::async_trait;
use memo_domain::{
    ApiKeyId, ChangeOrigin, InvalidValue, MemoId, Page, PageRequest, Revision, RevisionHead, RevisionRepository,
    SessionId, StoreError, TextDelta, Timestamp, Title, Version,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::Uuid, sea_query::Expr,
};

use super::{
    memos::{tags, tags_text},
    row::row,
    unit_of_work::SeaOrmUnitOfWork,
    values::{page, version},
};
use memo_revision::{ActiveModel, Column, Entity, Model};

mod memo_revision {
    use sea_orm::entity::prelude::*;

    use crate::row::row;

    row! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "memo_revisions")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub memo_id: Uuid,
            #[sea_orm(primary_key, auto_increment = false)]
            pub version: i64,
            pub title: String,
            pub tags: String,
            pub at: i64,
            pub replaced_at: i64,
            pub origin: i16,
            pub origin_id: Option<Uuid>,
            pub prefix: i64,
            pub suffix: i64,
            pub middle: Vec<u8>,
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The numbers of [`ChangeOrigin`].
const SERVER: i16 = 0;
const SESSION: i16 = 1;
const API_KEY: i16 = 2;

row! {
    /// The columns of [`HEAD`].
    struct HeadRow {
        memo_id: Uuid,
        version: i64,
        title: String,
        tags: String,
        at: i64,
        replaced_at: i64,
        origin: i16,
        origin_id: Option<Uuid>,
    }
}

const HEAD: [Column; 8] = [
    Column::MemoId,
    Column::Version,
    Column::Title,
    Column::Tags,
    Column::At,
    Column::ReplacedAt,
    Column::Origin,
    Column::OriginId,
];

row! {
    struct VersionRow {
        version: i64,
    }
}

row! {
    struct SizeRow {
        version: i64,
        size: i64,
    }
}

#[async_trait]
impl RevisionRepository for SeaOrmUnitOfWork {
    async fn insert(&mut self, revision: &Revision) -> Result<(), StoreError> {
        let Revision { head, delta } = revision;
        let (origin, origin_id) = match head.replaced_through {
            ChangeOrigin::Server => (SERVER, None),
            ChangeOrigin::Session(id) => (SESSION, Some(id.as_uuid())),
            ChangeOrigin::ApiKey(id) => (API_KEY, Some(id.as_uuid())),
        };
        let row = ActiveModel {
            memo_id: Set(head.memo_id.as_uuid()),
            version: Set(head.version.get().into()),
            title: Set(head.title.as_str().to_owned()),
            tags: Set(tags_text(&head.tags)?),
            at: Set(head.at.as_micros()),
            replaced_at: Set(head.replaced_at.as_micros()),
            origin: Set(origin),
            origin_id: Set(origin_id),
            prefix: Set(delta.prefix.into()),
            suffix: Set(delta.suffix.into()),
            middle: Set(delta.middle.clone().into_bytes()),
        };
        self.execute(Entity::insert(row).build(self.backend)).await.map(drop)
    }

    async fn list(
        &mut self,
        memo: MemoId,
        request: &PageRequest<Version>,
    ) -> Result<Page<RevisionHead, Version>, StoreError> {
        let select = Entity::find()
            .select_only()
            .columns(HEAD)
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .order_by_desc(Column::Version);
        let select = page(select, request, |last| Column::Version.lt(i64::from(last.get())));
        let rows = self.find_all::<HeadRow>(select.build(self.backend)).await?;
        let heads = rows.into_iter().map(head).collect::<Result<_, _>>()?;
        Ok(Page::from_overfetched(heads, request.limit, |head: &RevisionHead| head.version))
    }

    async fn list_down_to(
        &mut self,
        memo: MemoId,
        before: Version,
        last: Version,
        limit: u32,
    ) -> Result<Vec<Revision>, StoreError> {
        let select = Entity::find()
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .filter(Column::Version.gte(i64::from(last.get())))
            .filter(Column::Version.lt(i64::from(before.get())))
            .order_by_desc(Column::Version)
            .limit(u64::from(limit));
        self.find_all::<Model>(select.build(self.backend)).await?.into_iter().map(revision).collect()
    }

    async fn remove_all_but(&mut self, memo: MemoId, kept: u32) -> Result<u64, StoreError> {
        // MySQL deletes from no table that the condition reads.
        let first = Entity::find()
            .select_only()
            .column(Column::Version)
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .order_by_desc(Column::Version)
            .limit(1)
            .offset(u64::from(kept));
        match self.find_one::<VersionRow>(first.build(self.backend)).await? {
            Some(first) => self.remove_down_from(memo, first.version).await,
            None => Ok(0),
        }
    }

    async fn remove_over(&mut self, memo: MemoId, bytes: u64) -> Result<u64, StoreError> {
        let length = match self.backend {
            DbBackend::Postgres => "length(middle)::bigint",
            _ => "length(middle)",
        };
        let sizes = Entity::find()
            .select_only()
            .column(Column::Version)
            .column_as(Expr::cust(length), "size")
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .order_by_desc(Column::Version);
        let mut size = 0;
        let over = self.find_all::<SizeRow>(sizes.build(self.backend)).await?.into_iter().find(|row| {
            size += u64::try_from(row.size).unwrap_or_default();
            size > bytes
        });
        match over {
            Some(over) => self.remove_down_from(memo, over.version).await,
            None => Ok(0),
        }
    }
}

impl SeaOrmUnitOfWork {
    /// Removes the revisions of a memo up to a version.
    async fn remove_down_from(&mut self, memo: MemoId, version: i64) -> Result<u64, StoreError> {
        let statement = Entity::delete_many()
            .filter(Column::MemoId.eq(memo.as_uuid()))
            .filter(Column::Version.lte(version))
            .build(self.backend);
        self.execute(statement).await
    }
}

fn head(row: HeadRow) -> Result<RevisionHead, StoreError> {
    let replaced_through = match (row.origin, row.origin_id) {
        (SERVER, None) => ChangeOrigin::Server,
        (SESSION, Some(id)) => ChangeOrigin::Session(SessionId::new(id)),
        (API_KEY, Some(id)) => ChangeOrigin::ApiKey(ApiKeyId::new(id)),
        _ => return Err(StoreError::corrupt(InvalidValue::Malformed)),
    };
    Ok(RevisionHead {
        memo_id: MemoId::new(row.memo_id),
        version: version(row.version)?,
        title: Title::new(row.title).map_err(StoreError::corrupt)?,
        tags: tags(&row.tags)?,
        at: Timestamp::from_micros(row.at),
        replaced_at: Timestamp::from_micros(row.replaced_at),
        replaced_through,
    })
}

fn revision(row: Model) -> Result<Revision, StoreError> {
    let Model { memo_id, version, title, tags, at, replaced_at, origin, origin_id, prefix, suffix, middle } = row;
    let number = |value| u32::try_from(value).map_err(StoreError::corrupt);
    let middle = String::from_utf8(middle).map_err(StoreError::corrupt)?;
    Ok(Revision {
        head: head(HeadRow { memo_id, version, title, tags, at, replaced_at, origin, origin_id })?,
        delta: TextDelta { prefix: number(prefix)?, suffix: number(suffix)?, middle },
    })
}
