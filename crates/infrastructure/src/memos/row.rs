//! A memo as a row, and a row as a memo.

use memo_domain::{
    Content, DisplayName, InvalidValue, Memo, MemoFacts, MemoId, MemoState, MemoView, Source, StoreError, Tag, Tags,
    Timestamp, Title, UserId, Visibility,
};
use sea_orm::{ActiveValue::Set, prelude::Uuid};

use crate::{
    row::{FromRow, Row, row},
    values::version,
};
use memo::{ActiveModel, Column};

pub mod memo {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memos")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub owner_id: Uuid,
        pub pinned: bool,
        pub archived: bool,
        pub visibility: i16,
        pub remind_at: Option<i64>,
        pub reminded_at: Option<i64>,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
        pub deleted_at: Option<i64>,
        /// The number of likes; only likes change it.
        pub like_count: i64,
        pub title: String,
        /// The key that titles are sorted by; only the database reads it.
        pub title_key: String,
        /// A JSON array of strings.
        pub tags: String,
        pub content: String,
        /// Absent in rows that were written before it was computed.
        pub snippet: Option<String>,
        pub has_tasks: bool,
        pub open_tasks: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "crate::users::user::Entity",
            from = "Column::OwnerId",
            to = "crate::users::user::Column::Id"
        )]
        Owner,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The selected columns of a memo, in the order of [`MemoRow`]. The owner's name is selected after them.
pub const COLUMNS: [Column; 18] = [
    Column::Id,
    Column::OwnerId,
    Column::Pinned,
    Column::Archived,
    Column::Visibility,
    Column::RemindAt,
    Column::RemindedAt,
    Column::Version,
    Column::CreatedAt,
    Column::UpdatedAt,
    Column::DeletedAt,
    Column::LikeCount,
    Column::Title,
    Column::Tags,
    Column::Content,
    Column::Snippet,
    Column::HasTasks,
    Column::OpenTasks,
];

row! {
    /// The selected columns of a memo, and its owner's name.
    pub struct MemoRow {
        id: Uuid,
        owner_id: Uuid,
        pinned: bool,
        archived: bool,
        visibility: i16,
        remind_at: Option<i64>,
        reminded_at: Option<i64>,
        version: i64,
        created_at: i64,
        updated_at: i64,
        deleted_at: Option<i64>,
        like_count: i64,
        title: String,
        tags: String,
        content: String,
        snippet: Option<String>,
        has_tasks: bool,
        open_tasks: i64,
        owner_name: String,
    }
}

/// A memo of a list by relevance, with its score in the column after those of [`MemoRow`].
pub struct Scored {
    row: MemoRow,
    score: i64,
}

impl FromRow for Scored {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Source> {
        Ok(Self { row: MemoRow::from_row(row)?, score: row.next()? })
    }
}

impl Scored {
    pub fn into_view(self) -> Result<(MemoView, u32), StoreError> {
        Ok((self.row.into_view()?, u32::try_from(self.score).map_err(StoreError::corrupt)?))
    }
}

impl MemoRow {
    pub fn into_view(self) -> Result<MemoView, StoreError> {
        let state = MemoState {
            title: Title::new(self.title).map_err(StoreError::corrupt)?,
            content: Content::new(self.content).map_err(StoreError::corrupt)?,
            tags: tags(&self.tags)?,
            pinned: self.pinned,
            archived: self.archived,
            visibility: visibility(self.visibility)?,
            remind_at: self.remind_at.map(Timestamp::from_micros),
        };
        let memo = Memo {
            id: MemoId::new(self.id),
            owner_id: UserId::new(self.owner_id),
            state,
            facts: MemoFacts {
                snippet: self.snippet.unwrap_or_default(),
                has_tasks: self.has_tasks,
                open_tasks: u32::try_from(self.open_tasks).map_err(StoreError::corrupt)?,
            },
            reminded_at: self.reminded_at.map(Timestamp::from_micros),
            version: version(self.version)?,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            deleted_at: self.deleted_at.map(Timestamp::from_micros),
        };
        Ok(MemoView {
            memo,
            owner_name: DisplayName::new(self.owner_name).map_err(StoreError::corrupt)?,
            like_count: u64::try_from(self.like_count).map_err(StoreError::corrupt)?,
            liked: false,
        })
    }
}

/// The row of a new memo. That of a changed one keeps the number of likes.
pub fn to_row(memo: &Memo) -> Result<ActiveModel, StoreError> {
    let Memo { state, .. } = memo;
    Ok(ActiveModel {
        id: Set(memo.id.as_uuid()),
        owner_id: Set(memo.owner_id.as_uuid()),
        pinned: Set(state.pinned),
        archived: Set(state.archived),
        visibility: Set(visibility_number(state.visibility)),
        remind_at: Set(state.remind_at.map(Timestamp::as_micros)),
        reminded_at: Set(memo.reminded_at.map(Timestamp::as_micros)),
        version: Set(memo.version.get().into()),
        created_at: Set(memo.created_at.as_micros()),
        updated_at: Set(memo.updated_at.as_micros()),
        deleted_at: Set(memo.deleted_at.map(Timestamp::as_micros)),
        like_count: Set(0),
        title: Set(state.title.as_str().to_owned()),
        title_key: Set(state.title.sort_key()),
        tags: Set(tags_text(&state.tags)?),
        content: Set(state.content.as_str().to_owned()),
        snippet: Set(Some(memo.facts.snippet.clone())),
        has_tasks: Set(memo.facts.has_tasks),
        open_tasks: Set(memo.facts.open_tasks.into()),
    })
}

/// The value of a column `tags`.
pub fn tags_text(tags: &Tags) -> Result<String, StoreError> {
    let tags: Vec<_> = tags.iter().map(Tag::as_str).collect();
    serde_json::to_string(&tags).map_err(|error| StoreError::Other { source: error.into() })
}

/// Parses a column `tags`.
pub fn tags(json: &str) -> Result<Tags, StoreError> {
    // Most memos have no tags.
    if json == "[]" {
        return Ok(Tags::default());
    }
    let texts: Vec<String> = serde_json::from_str(json).map_err(StoreError::corrupt)?;
    let tags = texts.into_iter().map(Tag::new).collect::<Result<Vec<_>, _>>().map_err(StoreError::corrupt)?;
    Tags::new(tags).map_err(StoreError::corrupt)
}

/// The stored number of a visibility. The conditions of partial indexes contain it, too.
pub const fn visibility_number(visibility: Visibility) -> i16 {
    match visibility {
        Visibility::Private => 0,
        Visibility::Public => 1,
    }
}

fn visibility(number: i16) -> Result<Visibility, StoreError> {
    match number {
        0 => Ok(Visibility::Private),
        1 => Ok(Visibility::Public),
        _ => Err(StoreError::corrupt(InvalidValue::Malformed)),
    }
}
