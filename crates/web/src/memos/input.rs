use memo_domain::{Content, MemoChange, MemoState, Tags, Timestamp, Title};

use crate::{dto::VisibilityDto, prelude::*};

/// What the owner of a memo writes. Absent fields get their defaults.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"title": "주간회의록", "content": "# 안건\n\n- 배포 일정\n", "tags": ["work"]}))]
pub struct MemoInput {
    /// The title, stored byte for byte.
    #[schema(format = "title")]
    title: String,
    /// The text in Markdown, stored byte for byte.
    #[serde(default)]
    #[schema(required = false, format = "content", default = "")]
    content: String,
    /// Up to 20 tags. White space at their ends is removed, they are normalized to NFC and compared ignoring case; of equal
    /// tags, the first one is stored.
    #[serde(default)]
    #[garde(custom(few_tags))]
    #[schema(required = false, value_type = Vec<String>, format = "tags")]
    tags: AtMost<String, { Tags::MAX }>,
    /// Whether clients show it at the top.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pinned: bool,
    /// Whether it is hidden from the list by default.
    #[serde(default)]
    #[schema(required = false, default = false)]
    archived: bool,
    #[serde(default, deserialize_with = "choice")]
    #[schema(required = false, inline)]
    visibility: VisibilityDto,
    /// When the owner wants to be reminded. A new or changed time must be in the future.
    #[serde(default)]
    #[schema(format = "date-time")]
    remind_at: Option<String>,
}

impl Input for MemoInput {
    type Command = MemoState;

    fn read(self, refused: &mut Refusals) -> Result<MemoState, Refused> {
        let title = refused.value("title", Title::new(self.title));
        let content = refused.value("content", Content::new(self.content));
        let tags = refused.tags(self.tags);
        let remind_at = refused.optional("remind_at", self.remind_at, |time| Timestamp::parse(&time));
        Ok(MemoState {
            title: title?,
            content: content?,
            tags: tags?,
            pinned: self.pinned,
            archived: self.archived,
            visibility: self.visibility.into(),
            remind_at: remind_at?,
        })
    }
}

/// A JSON Merge Patch (RFC 7396) of a memo: absent fields stay, null sets the default.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"pinned": true, "tags": ["work", "2026"]}))]
pub struct MemoPatch {
    /// The new title.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "title")]
    title: Patch<String>,
    /// The new text.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "content")]
    content: Patch<String>,
    /// The new tags, which replace all others.
    #[serde(default)]
    #[garde(custom(patched_few_tags))]
    #[schema(value_type = Option<Vec<String>>, format = "tags")]
    tags: Patch<AtMost<String, { Tags::MAX }>>,
    /// Whether clients show it at the top.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pinned: Patch<bool>,
    /// Whether it is hidden from the list by default.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    archived: Patch<bool>,
    /// Who may read it.
    #[serde(default, deserialize_with = "patched_choice")]
    #[schema(value_type = Option<VisibilityDto>, inline)]
    visibility: Patch<VisibilityDto>,
    /// When the owner wants to be reminded. A changed time must be in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    remind_at: Patch<String>,
}

impl Input for MemoPatch {
    type Command = MemoChange;

    fn read(self, refused: &mut Refusals) -> Result<MemoChange, Refused> {
        let title = refused.patched("title", self.title, Title::new);
        let content = refused.optional("content", self.content.or_default(), Content::new);
        let tags = self.tags.or_default().map(|tags| refused.tags(tags));
        let remind_at = refused.patched_optional("remind_at", self.remind_at, |time| Timestamp::parse(&time));
        Ok(MemoChange {
            title: title?,
            content: content?,
            tags: tags.transpose()?,
            pinned: self.pinned.or_default(),
            archived: self.archived.or_default(),
            visibility: self.visibility.or_default().map(Into::into),
            remind_at: remind_at?,
        })
    }
}
