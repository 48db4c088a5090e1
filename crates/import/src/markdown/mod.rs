//! Markdown files: a zip of them, a folder, and the export of memos as such a zip.

mod export;
mod folder;
mod front_matter;
mod quoted;

use std::collections::HashMap;

use front_matter::{Field, FrontMatter, Value};
use memo_domain::{MemoId, Timestamp, Visibility};

pub use export::MarkdownZip;
pub use folder::import_folder;

use crate::{
    ImportError, Reason,
    collector::Collector,
    encoding::decode_text,
    input::Input,
    name::{has_extension, is_hidden, stem},
    note::{Note, Trashed},
    time::parse_time,
    zip::{File, Wanted, for_each_file},
};

/// The fields of front matter that a memo has a place for. Obsidian has `tags`; its plugins write the others.
const FIELDS: [&str; 16] = [
    "id",
    "title",
    "tags",
    "tag",
    "created",
    "created_at",
    "date created",
    "date",
    "updated",
    "updated_at",
    "modified",
    "date modified",
    "pinned",
    "archived",
    "visibility",
    "remind_at",
];

/// Reads an archive.
///
/// # Errors
/// [`ImportError`].
pub fn read(input: &mut dyn Input, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    let mut files = Files::default();
    for_each_file(input, collector, &wanted, &mut |collector, file| files.add(collector, file))
}

fn wanted(name: &str) -> Wanted {
    if is_hidden(name) {
        Wanted::Ignore
    } else if has_extension(name, &["md", "markdown"]) {
        Wanted::Read
    } else {
        Wanted::Report
    }
}

/// The files so far.
#[derive(Default)]
struct Files {
    /// The ids in front matter, and the times of the last change beside them.
    seen: HashMap<MemoId, Option<Timestamp>>,
}

impl Files {
    fn add(&mut self, collector: &mut Collector<'_>, file: File) -> Result<(), ImportError> {
        let Some(text) = decode_text(file.bytes) else {
            collector.drop(&file.name, Reason::NotText);
            return Ok(());
        };
        let mut note = convert(&text, file.name);
        if let Some(id) = note.id {
            // Two states of a memo differ in the time. Otherwise, the file is a copy, and becomes a memo of its own.
            if self.seen.insert(id, note.updated_at) == Some(note.updated_at) {
                note.id = None;
            }
            // An editor changes the file, but not the time in it.
            note.updated_at = note.updated_at.max(file.modified_at);
        } else {
            note.updated_at = note.updated_at.or(file.modified_at);
        }
        collector.add(note)
    }
}

/// Makes a note of a file. Fields of the front matter that a memo has no place for stay in its content, as front matter.
fn convert(text: &str, name: String) -> Note {
    let mut note = Note { key: name.clone(), name, ..Note::default() };
    let mut kept = String::new();
    let mut body = text;
    if let Some(front_matter) = FrontMatter::parse(text) {
        body = front_matter.body;
        for field in &front_matter.fields {
            if !apply(&mut note, field) && !field.is_blank() {
                kept.push_str(field.lines);
            }
        }
    }
    // In the front matter of memo, a tag that begins with `#` has it as a part of its name.
    if note.id.is_none() {
        note.tags.iter_mut().for_each(|tag| *tag = tag.trim_start_matches('#').to_owned());
    }
    if note.title.is_empty() {
        note.title = heading(body).map_or_else(|| stem(&note.name).to_owned(), str::to_owned);
    }
    note.content = if kept.is_empty() { body.to_owned() } else { format!("---\n{kept}---\n{body}") };
    note
}

/// Takes a field over, and returns whether it was one of a memo. Of two with the same meaning, the first counts.
fn apply(note: &mut Note, Field { key, value, .. }: &Field<'_>) -> bool {
    let list = match value {
        Value::Text(text) => return apply_text(note, key, text),
        Value::List(list) => list,
        Value::Other => return false,
    };
    let is_tags = matches!(&**key, "tags" | "tag") && note.tags.is_empty();
    if is_tags {
        note.tags.clone_from(list);
    }
    is_tags
}

fn apply_text(note: &mut Note, key: &str, text: &str) -> bool {
    match key {
        // Templates often have empty fields.
        _ if text.is_empty() => return FIELDS.contains(&key),
        "id" => return set(&mut note.id, MemoId::parse(text).ok().filter(|id| id.as_uuid().get_version_num() == 7)),
        "title" if note.title.is_empty() => text.clone_into(&mut note.title),
        "tags" | "tag" if note.tags.is_empty() => {
            let texts: Vec<_> =
                if text.contains(',') { text.split(',').collect() } else { text.split_whitespace().collect() };
            note.tags = texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
        }
        "created" | "created_at" | "date created" | "date" => return set(&mut note.created_at, parse_time(text)),
        "updated" | "updated_at" | "modified" | "date modified" => {
            return set(&mut note.updated_at, parse_time(text));
        }
        "remind_at" => return set(&mut note.remind_at, parse_time(text)),
        "reminded_at" => return set(&mut note.reminded_at, parse_time(text)),
        "deleted_at" => match parse_time(text) {
            Some(time) => note.trashed = Trashed::Since(time),
            None => return false,
        },
        "pinned" => return switch(&mut note.pinned, text),
        "archived" => return switch(&mut note.archived, text),
        "visibility" => match text {
            "private" => note.visibility = Visibility::Private,
            "public" => note.visibility = Visibility::Public,
            _ => return false,
        },
        _ => return false,
    }
    true
}

fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let is_new = place.is_none() && value.is_some();
    if is_new {
        *place = value;
    }
    is_new
}

fn switch(place: &mut bool, text: &str) -> bool {
    match &*text.to_ascii_lowercase() {
        "true" | "yes" => *place = true,
        "false" | "no" => *place = false,
        _ => return false,
    }
    true
}

/// The first heading of the first level (`CommonMark`, section 4.2) outside of a fenced block.
fn heading(text: &str) -> Option<&str> {
    let mut fence = None;
    for line in text.lines() {
        let line = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                if let Some(heading) = line.strip_prefix("# ").map(|rest| rest.trim_end_matches('#').trim())
                    && !heading.is_empty()
                {
                    return Some(heading);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
