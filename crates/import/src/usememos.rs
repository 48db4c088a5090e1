//! usememos: the JSON of `GET /api/v1/memos`, which is `{"memos": […], "nextPageToken": …}`. Several pages may follow each other, and
//! an array of memos is read, too.

use std::{
    cell::RefCell,
    fmt,
    io::{BufRead, SeekFrom},
};

use memo_domain::Visibility;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    ImportError, Reason, Source,
    collector::Collector,
    input::{Allowance, Input, Metered},
    note::Note,
    time::parse_time,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct UsememosMemo {
    /// `memos/{id}`.
    name: String,
    uid: String,
    content: String,
    create_time: Option<String>,
    update_time: Option<String>,
    pinned: bool,
    visibility: String,
    state: String,
    row_status: String,
    tags: Vec<String>,
    attachments: Vec<Attachment>,
    /// The name of attachments before version 0.25.
    resources: Vec<Attachment>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attachment {
    filename: String,
}

/// Reads a file.
///
/// # Errors
/// [`ImportError`].
pub fn read(input: &mut dyn Input, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    input.seek(SeekFrom::Start(0))?;
    // A memo may be written with escapes.
    let (mut reader, allowance) = Metered::new(input, collector.limits.entry_bytes);
    let failure = RefCell::new(None);
    let mut pages = 0;
    loop {
        allowance.renew();
        if !skip_white_space(&mut reader, pages == 0)? {
            return if pages == 0 { Err(not_json()) } else { Ok(()) };
        }
        let mut sink = Sink { collector: &mut *collector, failure: &failure, allowance: &allowance };
        let mut json = serde_json::Deserializer::from_reader(&mut reader);
        if let Err(error) = Page(&mut sink).deserialize(&mut json) {
            let failure = failure.borrow_mut().take();
            return Err(failure.unwrap_or_else(|| explain(&error, pages, &allowance, collector)));
        }
        pages += 1;
    }
}

/// Skips white space, and, at the beginning, a byte order mark. Returns whether anything follows.
fn skip_white_space(reader: &mut dyn BufRead, is_start: bool) -> Result<bool, ImportError> {
    if is_start && reader.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        reader.consume("\u{feff}".len());
    }
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(false);
        }
        let count = available.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let is_end = count < available.len();
        reader.consume(count);
        if is_end {
            return Ok(true);
        }
    }
}

fn explain(error: &serde_json::Error, pages: u64, allowance: &Allowance, collector: &Collector<'_>) -> ImportError {
    if error.is_io() {
        let max = collector.limits.entry_bytes;
        let source = std::io::Error::other(error.to_string());
        return if allowance.is_used_up() { ImportError::TooLarge { max } } else { ImportError::Io(source) };
    }
    if error.is_eof() {
        return ImportError::Truncated;
    }
    if pages == 0 && error.line() == 1 && error.column() <= 1 {
        return not_json();
    }
    let kind = if error.is_data() { "no list of memos" } else { "no JSON" };
    ImportError::malformed(format!("{kind} at line {}, column {}", error.line(), error.column()))
}

fn not_json() -> ImportError {
    ImportError::NotAnArchive { expected: Source::Usememos.format() }
}

/// Where memos go while they are parsed: one at a time is in memory.
struct Sink<'s, 'c> {
    collector: &'s mut Collector<'c>,
    /// An error that ends the import. The parser can only carry a text.
    failure: &'s RefCell<Option<ImportError>>,
    allowance: &'s Allowance,
}

impl Sink<'_, '_> {
    fn add(&mut self, memo: UsememosMemo) -> Result<(), ImportError> {
        let id = if memo.name.is_empty() { &memo.uid } else { &memo.name };
        let id = id.strip_prefix("memos/").unwrap_or(id).to_owned();
        let name = format!("memos/{id}");
        for attachment in memo.attachments.iter().chain(&memo.resources) {
            self.collector.drop_attachment(&name, &attachment.filename);
        }
        if id.is_empty() {
            self.collector.drop(memo.content.lines().next().unwrap_or_default(), Reason::Malformed);
            return Ok(());
        }
        let time = |text: Option<String>| text.and_then(|text| parse_time(&text));
        self.collector.add(Note {
            name,
            key: id,
            content: memo.content,
            tags: memo.tags,
            pinned: memo.pinned,
            archived: memo.state == "ARCHIVED" || memo.row_status == "ARCHIVED",
            // PROTECTED is what memo calls public: for every signed-in user.
            visibility: match &*memo.visibility {
                "PUBLIC" | "PROTECTED" => Visibility::Public,
                _ => Visibility::Private,
            },
            created_at: time(memo.create_time),
            updated_at: time(memo.update_time),
            ..Note::default()
        })
    }
}

/// A page, or an array of memos.
struct Page<'p, 's, 'c>(&'p mut Sink<'s, 'c>);

impl<'de> DeserializeSeed<'de> for Page<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Page<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of memos")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_memos = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "memos" {
                has_memos = true;
                map.next_value_seed(Memos(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if has_memos { Ok(()) } else { Err(A::Error::missing_field("memos")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Memos(self.0).visit_seq(seq)
    }
}

struct Memos<'p, 's, 'c>(&'p mut Sink<'s, 'c>);

impl<'de> DeserializeSeed<'de> for Memos<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Memos<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of memos")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let sink = self.0;
        loop {
            sink.allowance.renew();
            let Some(memo) = seq.next_element()? else { return Ok(()) };
            if let Err(error) = sink.add(memo) {
                sink.failure.replace(Some(error));
                return Err(A::Error::custom("the import failed"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
