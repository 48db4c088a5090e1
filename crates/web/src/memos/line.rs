use garde::Validate;
use memo_application::BroughtMemo;
use memo_domain::{Content, InvalidValue, MemoId, MemoState, Timestamp, Title};
use serde::{Deserialize, de::IgnoredAny};

use super::dto::{Visibility, tags};
use crate::validation;

/// A memo as an export has it. What the server alone knows of a memo is read over.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct MemoLine {
    #[serde(rename = "kind")]
    #[garde(skip)]
    _kind: IgnoredAny,
    #[garde(custom(validation::memo_id))]
    id: String,
    #[garde(custom(validation::title))]
    title: String,
    #[serde(default)]
    #[garde(custom(validation::content))]
    content: String,
    #[serde(default, deserialize_with = "validation::tag_texts")]
    #[garde(custom(validation::tags), inner(custom(validation::tag)))]
    tags: Vec<String>,
    #[serde(default)]
    #[garde(skip)]
    pinned: bool,
    #[serde(default)]
    #[garde(skip)]
    archived: bool,
    #[serde(default, deserialize_with = "validation::choice")]
    #[garde(skip)]
    visibility: Visibility,
    #[serde(default)]
    #[garde(custom(validation::optional(validation::time)))]
    remind_at: Option<String>,
    #[serde(default)]
    #[garde(custom(validation::optional(validation::time)))]
    reminded_at: Option<String>,
    #[garde(custom(validation::time))]
    created_at: String,
    #[garde(custom(validation::time))]
    updated_at: String,
    #[serde(default)]
    #[garde(custom(validation::optional(validation::time)))]
    deleted_at: Option<String>,
    #[serde(default, rename = "like_count")]
    #[garde(skip)]
    _like_count: IgnoredAny,
    #[serde(default, rename = "liked")]
    #[garde(skip)]
    _liked: IgnoredAny,
    #[serde(default, rename = "owner")]
    #[garde(skip)]
    _owner: IgnoredAny,
    #[serde(default, rename = "version")]
    #[garde(skip)]
    _version: IgnoredAny,
}

impl TryFrom<MemoLine> for BroughtMemo {
    type Error = InvalidValue;

    fn try_from(line: MemoLine) -> Result<Self, InvalidValue> {
        let time = |text: Option<String>| text.as_deref().map(Timestamp::parse).transpose();
        Ok(Self {
            id: MemoId::parse(&line.id)?,
            state: MemoState {
                title: Title::new(line.title)?,
                content: Content::new(line.content)?,
                tags: tags(line.tags)?,
                pinned: line.pinned,
                archived: line.archived,
                visibility: line.visibility.into(),
                remind_at: time(line.remind_at)?,
            },
            reminded_at: time(line.reminded_at)?,
            created_at: Timestamp::parse(&line.created_at)?,
            updated_at: Timestamp::parse(&line.updated_at)?,
            deleted_at: time(line.deleted_at)?,
        })
    }
}
