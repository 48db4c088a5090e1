use memo_domain::{MemoView, Timestamp, UserId, Visibility};
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror::mirror;

mirror! {
    /// Who may read the memo: its owner only, or every signed-in user.
    VisibilityDto of Visibility { #[default] Private, Public }
}

/// A memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Memo, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000b",
    "title": "주간회의록",
    "content": "# 안건\n\n- [ ] 배포 일정\n",
    "snippet": "안건 배포 일정",
    "tags": ["work"],
    "pinned": false,
    "archived": false,
    "visibility": "private",
    "remind_at": null,
    "reminded_at": null,
    "has_tasks": true,
    "open_tasks": 1,
    "like_count": 0,
    "liked": false,
    "owner": {"id": "0198c0de-7f00-7000-8000-00000000000a", "display_name": "Alice"},
    "version": 1,
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z",
    "deleted_at": null
}))]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the API")]
pub struct MemoDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The title.
    #[schema(format = "title")]
    title: String,
    /// The text, in Markdown.
    #[schema(format = "content")]
    content: String,
    /// The beginning of the text without markup: up to 200 characters.
    #[schema(format = "snippet")]
    snippet: String,
    /// The tags, in the order given.
    #[schema(format = "tags")]
    tags: Vec<String>,
    /// Whether clients show it at the top.
    pinned: bool,
    /// Whether it is hidden from the list by default.
    archived: bool,
    #[schema(inline)]
    visibility: VisibilityDto,
    /// When its owner wants to be reminded; null for anyone else.
    #[schema(required = true, format = "date-time")]
    remind_at: Option<String>,
    /// When its owner was reminded; null for anyone else.
    #[schema(required = true, format = "date-time")]
    reminded_at: Option<String>,
    /// Whether the text has checkboxes (`- [ ]`).
    has_tasks: bool,
    /// The number of checkboxes that are not ticked.
    open_tasks: u32,
    /// The number of users who like it.
    like_count: u64,
    /// Whether the caller likes it.
    liked: bool,
    #[schema(inline)]
    owner: OwnerDto,
    /// The number of its states so far, including this one.
    #[schema(minimum = 1)]
    version: u32,
    /// When it was created.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time")]
    updated_at: String,
    /// When it was moved to the trash; null if it is not in the trash.
    #[schema(required = true, format = "date-time")]
    deleted_at: Option<String>,
}

/// The owner of the memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Owner)]
struct OwnerDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The name that other users see.
    display_name: String,
}

impl MemoDto {
    /// The memo as this user sees it: reminders concern its owner alone.
    pub fn for_viewer(viewer: UserId, MemoView { memo, owner_name, like_count, liked }: MemoView) -> Self {
        let state = memo.state;
        let for_owner = |time: Option<Timestamp>| time.filter(|_| viewer == memo.owner_id).map(|time| time.to_string());
        Self {
            id: memo.id.to_string(),
            title: state.title.into_string(),
            content: state.content.into_string(),
            snippet: memo.facts.snippet,
            tags: state.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            pinned: state.pinned,
            archived: state.archived,
            visibility: state.visibility.into(),
            remind_at: for_owner(state.remind_at),
            reminded_at: for_owner(memo.reminded_at),
            has_tasks: memo.facts.has_tasks,
            open_tasks: memo.facts.open_tasks,
            like_count,
            liked,
            owner: OwnerDto { id: memo.owner_id.to_string(), display_name: owner_name.as_str().to_owned() },
            version: memo.version.get(),
            created_at: memo.created_at.to_string(),
            updated_at: memo.updated_at.to_string(),
            deleted_at: memo.deleted_at.map(|time| time.to_string()),
        }
    }
}
