//! A memo as a row, and a row as a memo.

use memo_domain::{
    Content, DisplayName, InvalidValue, Memo, MemoId, MemoState, MemoView, StoreError, Tag, Tags, Timestamp, Title,
    UserId, Visibility,
};
use sea_orm::{ActiveValue::Set, FromQueryResult, prelude::Uuid};

use crate::sea_orm::{entity::memo::ActiveModel, values::version};

/// What is read of a memo: its columns, and its owner's name.
#[derive(FromQueryResult)]
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
    title: String,
    tags: String,
    content: String,
    display_name: String,
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
            reminded_at: self.reminded_at.map(Timestamp::from_micros),
            version: version(self.version)?,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            deleted_at: self.deleted_at.map(Timestamp::from_micros),
        };
        Ok(MemoView { memo, owner_name: DisplayName::new(self.display_name).map_err(StoreError::corrupt)? })
    }
}

pub fn to_row(memo: &Memo) -> Result<ActiveModel, StoreError> {
    let Memo { state, .. } = memo;
    let tags: Vec<_> = state.tags.iter().map(Tag::as_str).collect();
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
        title: Set(state.title.as_str().to_owned()),
        title_key: Set(state.title.sort_key()),
        tags: Set(serde_json::to_string(&tags).map_err(|error| StoreError::Other { source: error.into() })?),
        content: Set(state.content.as_str().to_owned()),
    })
}

fn tags(json: &str) -> Result<Tags, StoreError> {
    // Most memos have none.
    if json == "[]" {
        return Ok(Tags::default());
    }
    let texts: Vec<String> = serde_json::from_str(json).map_err(StoreError::corrupt)?;
    let tags = texts.into_iter().map(Tag::new).collect::<Result<Vec<_>, _>>().map_err(StoreError::corrupt)?;
    Tags::new(tags).map_err(StoreError::corrupt)
}

/// The number that an index has in its condition, too.
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
