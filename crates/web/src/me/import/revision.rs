//! Lines of revisions.

use memo_application::{ImportedRevision, ImportedText};
use memo_domain::{
    ApiKeyId, ChangeOrigin, Content, InvalidValue, MemoId, SessionId, Tags, TextDelta, Timestamp, Title,
};
use serde::{Deserializer, de::IgnoredAny};

use super::line::version;
use crate::{
    input::{object, whole_number},
    prelude::*,
};

/// A revision of the memo whose line came last before it.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct RevisionLine {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    memo_id: String,
    #[serde(deserialize_with = "whole_number")]
    version: Option<i64>,
    title: String,
    /// The whole content,
    #[serde(default, deserialize_with = "present")]
    content: Option<String>,
    /// or a delta to the one of the line before.
    #[serde(default, deserialize_with = "optional_object")]
    delta: Option<DeltaLine>,
    #[serde(default)]
    #[garde(custom(few_tags))]
    tags: AtMost<String, { Tags::MAX }>,
    created_at: String,
    replaced_at: String,
    #[serde(deserialize_with = "object")]
    replaced_by: OriginLine,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeltaLine {
    #[serde(deserialize_with = "whole_number")]
    prefix: Option<i64>,
    #[serde(deserialize_with = "whole_number")]
    suffix: Option<i64>,
    middle: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginLine {
    #[serde(deserialize_with = "choice")]
    kind: OriginKind,
    #[serde(default)]
    id: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OriginKind {
    Session,
    ApiKey,
    Server,
}

fn optional_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    object(deserializer).map(Some)
}

impl Input for RevisionLine {
    type Command = ImportedRevision;

    fn read(self, refused: &mut Refusals) -> Result<ImportedRevision, Refused> {
        let memo_id = refused.value("memo_id", MemoId::parse(&self.memo_id));
        let version = refused.value("version", version(self.version.unwrap_or_default()));
        let title = refused.value("title", Title::new(self.title));
        let text = match (self.content, self.delta) {
            (Some(content), None) => refused.value("content", Content::new(content)).map(ImportedText::Whole),
            (None, Some(delta)) => refused.within("delta", |refused| delta.read(refused)).map(ImportedText::Delta),
            (None, None) => Err(refused.add("delta", FieldCode::Required)),
            // Which of the two counts is not said.
            (Some(_), Some(_)) => Err(refused.add("content", FieldCode::Malformed)),
        };
        let tags = refused.tags(self.tags);
        let at = refused.value("created_at", Timestamp::parse(&self.created_at));
        let replaced_at = refused.value("replaced_at", Timestamp::parse(&self.replaced_at));
        let replaced_through = refused.within("replaced_by", |refused| self.replaced_by.read(refused));
        Ok(ImportedRevision {
            memo_id: memo_id?,
            version: version?,
            title: title?,
            text: text?,
            tags: tags?,
            at: at?,
            replaced_at: replaced_at?,
            replaced_through: replaced_through?,
        })
    }
}

impl DeltaLine {
    fn read(self, refused: &mut Refusals) -> Result<TextDelta, Refused> {
        let number =
            |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok()).ok_or(InvalidValue::Malformed);
        let (prefix, suffix) =
            (refused.value("prefix", number(self.prefix)), refused.value("suffix", number(self.suffix)));
        Ok(TextDelta { prefix: prefix?, suffix: suffix?, middle: self.middle })
    }
}

impl OriginLine {
    fn read(self, refused: &mut Refusals) -> Result<ChangeOrigin, Refused> {
        let id = self.id.unwrap_or_default();
        Ok(match self.kind {
            OriginKind::Session => ChangeOrigin::Session(refused.value("id", SessionId::parse(&id))?),
            OriginKind::ApiKey => ChangeOrigin::ApiKey(refused.value("id", ApiKeyId::parse(&id))?),
            OriginKind::Server => ChangeOrigin::Server,
        })
    }
}
