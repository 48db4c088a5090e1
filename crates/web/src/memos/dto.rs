use garde::Validate;
use memo_application::{MemoChange, ReminderChange};
use memo_domain::{Content, InvalidValue, MemoState, MemoView, Tag, Tags, Timestamp, Title};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    paging::PageInfo,
    validation::{self, Patch},
};

/// Who may read it: its owner alone, or every signed-in member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its owner alone.
    #[default]
    Private,
    /// Every signed-in member.
    Public,
}

impl From<Visibility> for memo_domain::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private => Self::Private,
            Visibility::Public => Self::Public,
        }
    }
}

impl From<memo_domain::Visibility> for Visibility {
    fn from(visibility: memo_domain::Visibility) -> Self {
        match visibility {
            memo_domain::Visibility::Private => Self::Private,
            memo_domain::Visibility::Public => Self::Public,
        }
    }
}

/// All that the owner of a memo writes. What is left out gets its default.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemoInput, example = json!({"title": "주간회의록", "content": "# 안건\n\n- 배포 일정\n", "tags": ["work"]}))]
pub struct MemoInput {
    /// One line that names it. Kept byte for byte.
    #[garde(custom(validation::title))]
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000]*$")]
    title: String,
    /// Markdown, kept byte for byte.
    #[serde(default)]
    #[garde(custom(validation::content))]
    #[schema(required = false, max_length = 100_000, pattern = r"^[^\u0000]*$", default = "")]
    content: String,
    /// Up to 20 tags; trimmed, NFC, compared without case: of equal ones the first stays.
    #[serde(default, deserialize_with = "validation::tag_texts")]
    #[garde(custom(validation::tags), inner(custom(validation::tag)))]
    #[schema(required = false, max_items = 20, schema_with = tag_list)]
    tags: Vec<String>,
    /// Held at the top by clients.
    #[serde(default)]
    #[garde(skip)]
    #[schema(required = false, default = false)]
    pinned: bool,
    /// Put away: not in the list by default.
    #[serde(default)]
    #[garde(skip)]
    #[schema(required = false, default = false)]
    archived: bool,
    #[serde(default, deserialize_with = "validation::choice")]
    #[garde(skip)]
    #[schema(required = false, inline)]
    visibility: Visibility,
    /// When its owner wants to be reminded: in the future, where it is new or changed.
    #[serde(default)]
    #[garde(custom(validation::optional(validation::time)))]
    #[schema(format = "date-time")]
    remind_at: Option<String>,
}

impl TryFrom<MemoInput> for MemoState {
    type Error = InvalidValue;

    fn try_from(input: MemoInput) -> Result<Self, InvalidValue> {
        Ok(Self {
            title: Title::new(input.title)?,
            content: Content::new(input.content)?,
            tags: tags(input.tags)?,
            pinned: input.pinned,
            archived: input.archived,
            visibility: input.visibility.into(),
            remind_at: input.remind_at.as_deref().map(Timestamp::parse).transpose()?,
        })
    }
}

/// A JSON Merge Patch (RFC 7396) of a memo: what is left out stays, null takes away or sets the default.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MemoPatch, example = json!({"pinned": true, "tags": ["work", "2026"]}))]
pub struct MemoPatch {
    /// The new title.
    #[serde(default)]
    #[garde(custom(validation::required(validation::title)))]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 200, pattern = r"^[^\u0000]*$")]
    title: Patch<String>,
    /// The new text.
    #[serde(default)]
    #[garde(custom(validation::patched(validation::content)))]
    #[schema(value_type = Option<String>, max_length = 100_000, pattern = r"^[^\u0000]*$")]
    content: Patch<String>,
    /// The new tags, all of them.
    #[serde(default, deserialize_with = "validation::patched_tag_texts")]
    #[garde(custom(validation::patched_tags))]
    #[schema(required = false, schema_with = nullable_tag_list)]
    tags: Patch<Vec<String>>,
    /// Held at the top by clients.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Option<bool>)]
    pinned: Patch<bool>,
    /// Put away: not in the list by default.
    #[serde(default)]
    #[garde(skip)]
    #[schema(value_type = Option<bool>)]
    archived: Patch<bool>,
    /// Who may read it.
    #[serde(default, deserialize_with = "validation::patched_choice")]
    #[garde(skip)]
    #[schema(value_type = Option<Visibility>, inline)]
    visibility: Patch<Visibility>,
    /// When its owner wants to be reminded: in the future, where it changes.
    #[serde(default)]
    #[garde(custom(validation::patched(validation::time)))]
    #[schema(value_type = Option<String>, format = "date-time")]
    remind_at: Patch<String>,
}

impl TryFrom<MemoPatch> for MemoChange {
    type Error = InvalidValue;

    fn try_from(patch: MemoPatch) -> Result<Self, InvalidValue> {
        Ok(Self {
            title: patch.title.or_required()?.map(Title::new).transpose()?,
            content: patch.content.or_default().map(Content::new).transpose()?,
            tags: patch.tags.or_default().map(tags).transpose()?,
            pinned: patch.pinned.or_default(),
            archived: patch.archived.or_default(),
            visibility: patch.visibility.or_default().map(Into::into),
            remind_at: match patch.remind_at {
                Patch::Absent => ReminderChange::Keep,
                Patch::Null => ReminderChange::Clear,
                Patch::Value(time) => ReminderChange::Set(Timestamp::parse(&time)?),
            },
        })
    }
}

pub fn tags(tags: Vec<String>) -> Result<Tags, InvalidValue> {
    Tags::new(tags.into_iter().map(Tag::new).collect::<Result<Vec<_>, _>>()?)
}

/// A memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Memo, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000b",
    "title": "주간회의록",
    "content": "# 안건\n\n- 배포 일정\n",
    "tags": ["work"],
    "pinned": false,
    "archived": false,
    "visibility": "private",
    "remind_at": null,
    "reminded_at": null,
    "like_count": 0,
    "liked": false,
    "owner": {"id": "0198c0de-7f00-7000-8000-00000000000a", "display_name": "Alice"},
    "version": 1,
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z",
    "deleted_at": null
}))]
pub struct Memo {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// One line that names it.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// Markdown.
    #[schema(max_length = 100_000)]
    content: String,
    /// Its tags in the order given.
    #[schema(max_items = 20)]
    tags: Vec<String>,
    /// Held at the top by clients.
    pinned: bool,
    /// Put away.
    archived: bool,
    #[schema(inline)]
    visibility: Visibility,
    /// When its owner wants to be reminded.
    #[schema(required = true, format = "date-time")]
    remind_at: Option<String>,
    /// When its owner was reminded.
    #[schema(required = true, format = "date-time")]
    reminded_at: Option<String>,
    /// How many members like it.
    like_count: u64,
    /// Whether who asks likes it.
    liked: bool,
    #[schema(inline)]
    owner: Owner,
    /// How many states it had, this one included.
    #[schema(minimum = 1)]
    version: u32,
    /// When it was made.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it changed last.
    #[schema(format = "date-time")]
    updated_at: String,
    /// When it was moved to the trash; null where it is not there.
    #[schema(required = true, format = "date-time")]
    deleted_at: Option<String>,
}

/// The member that a memo belongs to.
#[derive(Serialize, ToSchema)]
pub struct Owner {
    /// Their id.
    #[schema(format = "uuid")]
    id: String,
    /// The name that others see.
    display_name: String,
}

impl From<MemoView> for Memo {
    fn from(MemoView { memo, owner_name }: MemoView) -> Self {
        let state = memo.state;
        Self {
            id: memo.id.to_string(),
            title: state.title.into_string(),
            content: state.content.into_string(),
            tags: state.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            pinned: state.pinned,
            archived: state.archived,
            visibility: state.visibility.into(),
            remind_at: state.remind_at.map(|time| time.to_string()),
            reminded_at: memo.reminded_at.map(|time| time.to_string()),
            // Nobody can like a memo yet.
            like_count: 0,
            liked: false,
            owner: Owner { id: memo.owner_id.to_string(), display_name: owner_name.as_str().to_owned() },
            version: memo.version.get(),
            created_at: memo.created_at.to_string(),
            updated_at: memo.updated_at.to_string(),
            deleted_at: memo.deleted_at.map(|time| time.to_string()),
        }
    }
}

/// A page of memos.
#[derive(Serialize, ToSchema)]
pub struct MemoList {
    /// The memos in the order asked for.
    #[schema(max_items = 100)]
    pub items: Vec<Memo>,
    #[schema(inline)]
    pub page: PageInfo,
    /// The length of the whole list, where `include_total=true` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total: Option<u64>,
}

/// A tag: something beside white space, no control characters.
const TAG_PATTERN: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// The schema of one tag.
pub fn tag_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .min_length(Some(1))
        .max_length(Some(Tag::MAX))
        .pattern(Some(TAG_PATTERN))
        .build()
}

fn tag_list() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(tag_schema())
        .max_items(Some(Tags::MAX))
        .description(Some("Up to 20 tags; trimmed, NFC, compared without case: of equal ones the first stays."))
        .build()
}

fn nullable_tag_list() -> utoipa::openapi::schema::Array {
    use utoipa::openapi::schema::{SchemaType, Type};
    utoipa::openapi::schema::ArrayBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Array, Type::Null]))
        .items(tag_schema())
        .max_items(Some(Tags::MAX))
        .description(Some("The new tags, all of them."))
        .build()
}
