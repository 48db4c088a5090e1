use garde::Validate;
use memo_domain::{InvalidValue, TagCount};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use crate::{
    memos::tag_schema,
    validation::{self, Patch},
};

/// A tag of one's memos.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag, example = json!({"tag": "work", "count": 3}))]
pub struct Tag {
    /// The tag, as most of these memos spell it; where several spellings are equally common, the one whose UTF-8 bytes come
    /// first.
    #[schema(min_length = 1, max_length = 50)]
    tag: String,
    /// How many memos have it that are not in the trash, archived ones, too.
    #[schema(minimum = 1)]
    count: u64,
}

impl From<TagCount> for Tag {
    fn from(TagCount { tag, count }: TagCount) -> Self {
        Self { tag: tag.as_str().to_owned(), count }
    }
}

/// All tags of one's memos.
#[derive(Serialize, ToSchema)]
pub struct TagList {
    /// The tags, compared without case and sorted by their characters in lower case.
    pub items: Vec<Tag>,
}

/// A JSON Merge Patch (RFC 7396) of a tag.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TagPatch, example = json!({"tag": "project"}))]
pub struct TagPatch {
    #[serde(default)]
    #[garde(custom(validation::required(validation::tag)))]
    #[schema(required = false, schema_with = new_name)]
    tag: Patch<String>,
}

impl TagPatch {
    /// The new name, where there is one.
    pub fn tag(self) -> Result<Option<memo_domain::Tag>, InvalidValue> {
        self.tag.or_required()?.map(memo_domain::Tag::new).transpose()
    }
}

fn new_name() -> Object {
    described("The new name: trimmed, NFC. Another spelling of the same tag is one, too.")
}

/// The schema of one tag, with what it is.
pub fn described(description: &str) -> Object {
    let mut schema = tag_schema();
    schema.description = Some(description.to_owned());
    schema
}
