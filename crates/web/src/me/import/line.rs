use memo_application::ImportedMemo;
use memo_domain::{Content, InvalidValue, MemoId, MemoState, Tags, Timestamp, Title, Version};
use serde::de::IgnoredAny;

use crate::{dto::VisibilityDto, input::whole_number, prelude::*};

/// The maximum of an imported version: a memo may have as many later ones.
const MAX_VERSION: u32 = u32::MAX / 2;

/// A memo in an export. Fields that only the server sets are ignored.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct MemoLine {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    id: String,
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    #[garde(custom(few_tags))]
    tags: AtMost<String, { Tags::MAX }>,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default, deserialize_with = "choice")]
    visibility: VisibilityDto,
    #[serde(default)]
    remind_at: Option<String>,
    #[serde(default)]
    reminded_at: Option<String>,
    created_at: String,
    updated_at: String,
    #[serde(default)]
    deleted_at: Option<String>,
    #[serde(default, rename = "snippet")]
    _snippet: IgnoredAny,
    #[serde(default, rename = "has_tasks")]
    _has_tasks: IgnoredAny,
    #[serde(default, rename = "open_tasks")]
    _open_tasks: IgnoredAny,
    #[serde(default, rename = "like_count")]
    _like_count: IgnoredAny,
    #[serde(default, rename = "liked")]
    _liked: IgnoredAny,
    #[serde(default, rename = "owner")]
    _owner: IgnoredAny,
    #[serde(default, deserialize_with = "whole_number")]
    version: Option<i64>,
}

impl Input for MemoLine {
    type Command = ImportedMemo;

    fn read(self, refused: &mut Refusals) -> Result<ImportedMemo, Refused> {
        let parse = |time: String| Timestamp::parse(&time);
        let id = refused.value("id", MemoId::parse(&self.id).and_then(version_7));
        let title = refused.value("title", Title::new(self.title));
        let content = refused.value("content", Content::new(self.content));
        let tags = refused.tags(self.tags);
        let remind_at = refused.optional("remind_at", self.remind_at, parse);
        let reminded_at = refused.optional("reminded_at", self.reminded_at, parse);
        let created_at = refused.value("created_at", Timestamp::parse(&self.created_at));
        let updated_at = refused.value("updated_at", Timestamp::parse(&self.updated_at));
        let deleted_at = refused.optional("deleted_at", self.deleted_at, parse);
        let version = refused.optional("version", self.version, version);
        Ok(ImportedMemo {
            id: id?,
            state: MemoState {
                title: title?,
                content: content?,
                tags: tags?,
                pinned: self.pinned,
                archived: self.archived,
                visibility: self.visibility.into(),
                remind_at: remind_at?,
            },
            reminded_at: reminded_at?,
            created_at: created_at?,
            updated_at: updated_at?,
            deleted_at: deleted_at?,
            version: version?.unwrap_or(Version::FIRST),
            revisions: Vec::new(),
        })
    }
}

fn version_7(id: MemoId) -> Result<MemoId, InvalidValue> {
    if id.is_version_7() { Ok(id) } else { Err(InvalidValue::Malformed) }
}

/// The version of a memo or revision.
pub fn version(number: i64) -> Result<Version, InvalidValue> {
    match u32::try_from(number) {
        Ok(0) => Err(InvalidValue::TooSmall { min: 1 }),
        Ok(number) if number <= MAX_VERSION => Ok(Version::new(number)),
        _ if number < 0 => Err(InvalidValue::TooSmall { min: 1 }),
        _ => Err(InvalidValue::TooLarge { max: MAX_VERSION as usize }),
    }
}
