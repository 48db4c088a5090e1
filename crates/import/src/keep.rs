//! Google Keep: a zip of Google Takeout, with one JSON file for each note (and an HTML file with the same, which is ignored).

use std::fmt::Write;

use memo_domain::Timestamp;
use serde::Deserialize;

use crate::{
    ImportError, Reason,
    collector::Collector,
    input::Input,
    name::{file_name, has_extension, is_hidden, stem},
    note::{Note, Trashed},
    zip::{File, Wanted, for_each_file},
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct KeepNote {
    title: String,
    text_content: Option<String>,
    list_content: Option<Vec<Item>>,
    labels: Vec<Label>,
    annotations: Vec<Annotation>,
    attachments: Vec<Attachment>,
    is_pinned: bool,
    is_archived: bool,
    is_trashed: bool,
    /// Microseconds since 1970.
    created_timestamp_usec: Option<Micros>,
    user_edited_timestamp_usec: Option<Micros>,
}

/// A number that may be written as a text, as it is larger than those of JavaScript may be.
#[derive(Deserialize)]
#[serde(untagged)]
enum Micros {
    Number(i64),
    Text(String),
}

impl Micros {
    /// The time; 0 stands for none.
    fn time(&self) -> Option<Timestamp> {
        let micros = match self {
            Self::Number(micros) => *micros,
            Self::Text(text) => text.parse().ok()?,
        };
        (micros > 0).then(|| Timestamp::from_micros(micros))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    text: String,
    is_checked: bool,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

/// What Keep found out about a link in the note.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotation {
    url: String,
    title: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Attachment {
    file_path: String,
}

/// How many links of a note are added to its text: each is searched for in it.
const MAX_LINKS: usize = 100;

/// Reads an archive.
///
/// # Errors
/// [`ImportError`].
pub fn read(input: &mut dyn Input, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    let mut has_notes = false;
    for_each_file(input, collector, &wanted, &mut |collector, file| {
        // Other products of Google have JSON files, too.
        let note: Option<KeepNote> = serde_json::from_slice(&file.bytes).ok();
        let Some(mut note) = note.filter(KeepNote::is_note) else {
            collector.drop(&file.name, Reason::Malformed);
            return Ok(());
        };
        has_notes = true;
        for attachment in &note.attachments {
            // Takeout may leave out the file itself.
            collector.drop_attachment(stem(&file.name), &attachment.file_path);
        }
        for link in note.annotations.drain(note.annotations.len().min(MAX_LINKS)..) {
            collector.drop_attachment(stem(&file.name), &link.url);
        }
        collector.add(convert(note, &file))
    })?;
    if has_notes { Ok(()) } else { Err(ImportError::NotAnArchive { expected: "an export of Google Keep" }) }
}

impl KeepNote {
    /// Whether it has what each note has.
    const fn is_note(&self) -> bool {
        self.text_content.is_some() || self.list_content.is_some() || self.user_edited_timestamp_usec.is_some()
    }
}

/// Attachments are reported with their notes, so their files are ignored.
fn wanted(name: &str) -> Wanted {
    if has_extension(name, &["json"]) && !is_hidden(name) { Wanted::Read } else { Wanted::Ignore }
}

fn convert(keep: KeepNote, file: &File) -> Note {
    let mut content = keep.text_content.unwrap_or_default();
    if let Some(items) = keep.list_content {
        if !content.is_empty() {
            content.push_str("\n\n");
        }
        for Item { text, is_checked } in items {
            let mark = if is_checked { 'x' } else { ' ' };
            // A further line of an item belongs to it if it is indented.
            let _ = writeln!(content, "- [{mark}] {}", text.replace('\n', "\n  "));
        }
    }
    for Annotation { url, title } in keep.annotations {
        if !url.is_empty() && !content.contains(&url) {
            let separator = if content.is_empty() { "" } else { "\n\n" };
            let title = if title.is_empty() { url.as_str() } else { title.as_str() };
            let title = title.replace(['[', ']', '\n'], " ");
            let _ = write!(content, "{separator}[{title}](<{}>)", url.replace(['<', '>', '\n'], ""));
        }
    }
    Note {
        name: file.name.clone(),
        // The folder has another name in each language.
        key: file_name(&file.name).to_owned(),
        title: keep.title,
        content,
        tags: keep.labels.into_iter().map(|label| label.name).collect(),
        pinned: keep.is_pinned,
        archived: keep.is_archived,
        created_at: keep.created_timestamp_usec.as_ref().and_then(Micros::time),
        updated_at: keep.user_edited_timestamp_usec.as_ref().and_then(Micros::time),
        trashed: if keep.is_trashed { Trashed::Elsewhere } else { Trashed::No },
        ..Note::default()
    }
}

#[cfg(test)]
mod tests;
