use std::io::{self, Write};

use memo_domain::{Memo, MemoId, MemoState, Timestamp, Visibility};
use serde::{Serialize, Serializer};

/// A memo with all that an export contains of it. Its JSON is a line of memo's own export and import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoRecord {
    /// The id, a `UUIDv7`.
    pub id: MemoId,
    /// What its owner wrote.
    pub state: MemoState,
    /// When its owner was reminded.
    pub reminded_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was moved to the trash; `None` if it is not in the trash.
    pub deleted_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Line<'m> {
    kind: &'static str,
    id: String,
    title: &'m str,
    content: &'m str,
    tags: Vec<&'m str>,
    pinned: bool,
    archived: bool,
    visibility: &'static str,
    remind_at: Option<String>,
    reminded_at: Option<String>,
    created_at: String,
    updated_at: String,
    deleted_at: Option<String>,
}

impl MemoRecord {
    /// Writes the record as one line of JSON, with its line break.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_line(&self, mut output: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut output, self)?;
        output.write_all(b"\n")
    }
}

impl Serialize for MemoRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |time: Timestamp| time.to_string();
        Line {
            kind: "memo",
            id: self.id.to_string(),
            title: self.state.title.as_str(),
            content: self.state.content.as_str(),
            tags: self.state.tags.iter().map(memo_domain::Tag::as_str).collect(),
            pinned: self.state.pinned,
            archived: self.state.archived,
            visibility: visibility_name(self.state.visibility),
            remind_at: self.state.remind_at.map(text),
            reminded_at: self.reminded_at.map(text),
            created_at: text(self.created_at),
            updated_at: text(self.updated_at),
            deleted_at: self.deleted_at.map(text),
        }
        .serialize(serializer)
    }
}

impl From<Memo> for MemoRecord {
    fn from(memo: Memo) -> Self {
        Self {
            id: memo.id,
            state: memo.state,
            reminded_at: memo.reminded_at,
            created_at: memo.created_at,
            updated_at: memo.updated_at,
            deleted_at: memo.deleted_at,
        }
    }
}

/// The name of a visibility in JSON and in front matter.
pub const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Public => "public",
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::{Content, Tag, Tags, Title};

    use super::*;

    #[test]
    fn line_has_the_fields_of_an_export() {
        let time = |text| Timestamp::parse(text).expect("a time");
        let state = MemoState {
            tags: Tags::new([Tag::new("work").expect("a tag")]).expect("few"),
            visibility: Visibility::Public,
            remind_at: Some(time("2026-02-01T00:00:00Z")),
            ..MemoState::new(Title::new("주간회의록").expect("a title"), Content::new("# 안건\n").expect("a content"))
        };
        let record = MemoRecord {
            id: MemoId::parse("0198c0de-7f00-7000-8000-00000000000b").expect("an id"),
            state,
            reminded_at: None,
            created_at: time("2026-01-31T09:00:00.123456Z"),
            updated_at: time("2026-01-31T10:00:00Z"),
            deleted_at: None,
        };
        let mut line = Vec::new();
        record.write_line(&mut line).expect("written");
        assert_eq!(
            String::from_utf8(line).expect("UTF-8"),
            concat!(
                r##"{"kind":"memo","id":"0198c0de-7f00-7000-8000-00000000000b","title":"주간회의록","content":"# 안건\n","##,
                r#""tags":["work"],"pinned":false,"archived":false,"visibility":"public","#,
                r#""remind_at":"2026-02-01T00:00:00Z","reminded_at":null,"created_at":"2026-01-31T09:00:00.123456Z","#,
                r#""updated_at":"2026-01-31T10:00:00Z","deleted_at":null}"#,
                "\n"
            )
        );
    }
}
