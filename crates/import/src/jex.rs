//! Joplin: a tar archive `*.jex` with one file for each note, notebook, tag and attachment (a "raw" export). A file is a title, a
//! text, and lines `key: value`; its `type_` says what it is.

use std::collections::HashMap;

use memo_domain::Tag;

use crate::{
    ImportError, Reason, Source,
    collector::Collector,
    encoding::decode_text,
    input::Input,
    name::{file_name, has_extension, stem},
    note::{Note, Trashed},
    tar::{TarEntry, TarReader},
    time::{from_millis, parse_time},
};

/// How many tags of a note are looked at: a memo has fewer, and any number of notes may share an id.
const MAX_TAGS: usize = 100;

/// The id of an item: 32 hexadecimal digits.
type Id = u128;

/// What other items say about notes: the names of notebooks and tags, and which note has which.
#[derive(Default)]
struct Index {
    /// Titles, of which a tag needs the beginning.
    notebooks: HashMap<Id, String>,
    tags: HashMap<Id, String>,
    tags_of: HashMap<Id, Vec<Id>>,
    attachments: HashMap<Id, String>,
    /// Whether there is any item of Joplin.
    has_items: bool,
}

/// Reads an archive twice: first what the notes refer to, since it may come after them, and then the notes.
///
/// # Errors
/// [`ImportError`].
pub fn read(input: &mut dyn Input, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    let limits = collector.limits;
    let mut tar = TarReader::new(input, &limits, Source::Jex.format())?;
    let mut index = Index::default();
    while let Some(entry) = tar.next_entry()? {
        if is_item(&entry)
            && entry.size <= limits.entry_bytes
            && let Some(text) = decode_text(tar.read(&entry)?)
        {
            index.add(&Item::parse(&text));
        }
    }
    if !index.has_items {
        return Err(ImportError::NotAnArchive { expected: Source::Jex.format() });
    }
    tar.rewind();
    while let Some(entry) = tar.next_entry()? {
        read_entry(&mut tar, &entry, &index, collector)?;
    }
    Ok(())
}

/// Items lie at the top, attachments in the folder `resources`.
fn is_item(entry: &TarEntry) -> bool {
    !entry.is_link && !entry.name.trim_start_matches("./").contains('/') && has_extension(&entry.name, &["md"])
}

fn read_entry(
    tar: &mut TarReader<'_>,
    entry: &TarEntry,
    index: &Index,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let max = collector.limits.entry_bytes;
    if entry.is_link {
        collector.drop(&entry.name, Reason::Link);
    } else if !is_item(entry) {
        let title = parse_id(stem(&entry.name)).and_then(|id| index.attachments.get(&id));
        let title = title.map_or_else(|| file_name(&entry.name), String::as_str);
        collector.drop(title, Reason::Attachment);
    } else if entry.size > max {
        collector.drop(&entry.name, Reason::TooLarge { max });
    } else if let Some(text) = decode_text(tar.read(entry)?) {
        let item = Item::parse(&text);
        match (item.kind(), item.id()) {
            (Kind::Note, _) if item.is("encryption_applied") => collector.drop(&entry.name, Reason::Encrypted),
            (Kind::Note, Some(id)) => return collector.add(index.note(&item, id, &entry.name)),
            (Kind::Note | Kind::Unknown, _) => collector.drop(&entry.name, Reason::Malformed),
            _ => {}
        }
    } else {
        collector.drop(&entry.name, Reason::NotText);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Note,
    Notebook,
    Attachment,
    Tag,
    NoteTag,
    /// Settings, revisions and others, which no user wrote.
    Other,
    Unknown,
}

/// A file of the archive.
struct Item<'t> {
    title: &'t str,
    body: &'t str,
    fields: &'t str,
}

impl<'t> Item<'t> {
    /// The fields are the last lines, after an empty one. Before them stand the title, an empty line, and the body.
    fn parse(text: &'t str) -> Self {
        let text = text.trim_end();
        let (before, fields) = text.rsplit_once("\n\n").unwrap_or(("", text));
        let (title, body) = before.split_once('\n').unwrap_or((before, ""));
        Self { title: title.trim_end_matches('\r'), body: body.strip_prefix('\n').unwrap_or(body), fields }
    }

    fn field(&self, key: &str) -> &'t str {
        // Not kept one by one: there may be millions.
        let mut fields = self.fields.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(found, _)| *found == key).map_or("", |(_, value)| value.trim())
    }

    fn is(&self, key: &str) -> bool {
        self.field(key) == "1"
    }

    fn id(&self) -> Option<Id> {
        parse_id(self.field("id"))
    }

    fn kind(&self) -> Kind {
        match self.field("type_") {
            "" => Kind::Unknown,
            "1" => Kind::Note,
            "2" => Kind::Notebook,
            "4" => Kind::Attachment,
            "5" => Kind::Tag,
            "6" => Kind::NoteTag,
            _ => Kind::Other,
        }
    }
}

impl Index {
    fn add(&mut self, item: &Item<'_>) {
        // One character more than a tag may have, so that it is seen that it is too long.
        let title = || item.title.chars().take(Tag::MAX + 1).collect();
        self.has_items |= item.kind() != Kind::Unknown;
        match (item.kind(), item.id()) {
            (Kind::Notebook, Some(id)) => drop(self.notebooks.insert(id, title())),
            (Kind::Tag, Some(id)) => drop(self.tags.insert(id, title())),
            (Kind::Attachment, Some(id)) => drop(self.attachments.insert(id, title())),
            (Kind::NoteTag, _) => {
                if let (Some(note), Some(tag)) = (parse_id(item.field("note_id")), parse_id(item.field("tag_id"))) {
                    let tags = self.tags_of.entry(note).or_default();
                    if tags.len() < MAX_TAGS {
                        tags.push(tag);
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&self, item: &Item<'_>, id: Id, name: &str) -> Note {
        let time = |key: &str| parse_time(item.field(key));
        let notebook = parse_id(item.field("parent_id")).and_then(|id| self.notebooks.get(&id));
        let tags = self.tags_of.get(&id).into_iter().flatten().filter_map(|tag| self.tags.get(tag));
        let is_done = from_millis(item.field("todo_completed")).is_some();
        let mut content = item.body.to_owned();
        if item.is("is_todo") {
            let mark = if is_done { 'x' } else { ' ' };
            let separator = if content.is_empty() { "" } else { "\n\n" };
            content = format!("- [{mark}] {}{separator}{content}", item.title);
        }
        let url = item.field("source_url");
        if !url.is_empty() && !url.contains(['<', '>', ' ']) && !content.contains(url) {
            let separator = if content.is_empty() { "" } else { "\n\n" };
            content.extend([separator, "<", url, ">"]);
        }
        Note {
            name: name.to_owned(),
            key: format!("{id:032x}"),
            title: item.title.to_owned(),
            content,
            tags: notebook.into_iter().chain(tags).cloned().collect(),
            remind_at: from_millis(item.field("todo_due")).filter(|_| !is_done),
            created_at: time("user_created_time").or_else(|| time("created_time")),
            updated_at: time("user_updated_time").or_else(|| time("updated_time")),
            trashed: if from_millis(item.field("deleted_time")).is_some() { Trashed::Elsewhere } else { Trashed::No },
            ..Note::default()
        }
    }
}

fn parse_id(text: &str) -> Option<Id> {
    (text.len() == 32).then(|| Id::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests;
