use memo_domain::{MemoId, Timestamp, Visibility};

/// A note as a source has it, before it is made to fit the limits of a memo.
#[derive(Debug, Default)]
pub struct Note {
    /// What it is called in the report; the last resort for a title.
    pub name: String,
    /// The id of a memo that memo itself exported.
    pub id: Option<MemoId>,
    /// What identifies it within its source, if it has no `id`.
    pub key: String,
    /// The title; empty if the source has none.
    pub title: String,
    /// The text in Markdown.
    pub content: String,
    /// The tags.
    pub tags: Vec<String>,
    pub pinned: bool,
    pub archived: bool,
    pub visibility: Visibility,
    pub remind_at: Option<Timestamp>,
    pub reminded_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub trashed: Trashed,
}

/// Whether a note is in the trash.
#[derive(Debug, Default, Clone, Copy)]
pub enum Trashed {
    #[default]
    No,
    /// In the trash of another program. It counts from the import: the trash of memo empties itself, and would remove what was
    /// moved there long ago at once.
    Elsewhere,
    /// In the trash of memo, since this time.
    Since(Timestamp),
}
