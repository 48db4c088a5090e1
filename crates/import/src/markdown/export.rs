use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write as _,
    hash::{BuildHasher, RandomState},
    io::{self, Write},
};

use memo_domain::fold;

use super::quoted::write_double;
use crate::{MemoRecord, record::visibility_name, zip::ZipWriter};

/// The maximum length of a title in the name of a file, in bytes: with the date and a number, file systems allow it.
const MAX_NAME_BYTES: usize = 180;

/// Writes memos as a zip of Markdown files, `YYYY-MM-DD title.md`, with front matter. An import of the zip with
/// [`Source::Markdown`](crate::Source::Markdown) gives the same memos with the same ids.
///
/// The output need not be seekable. For one that is drained between the memos, e.g. a response body, use a `Vec<u8>` and take its
/// bytes through [`MarkdownZip::output_mut`]. For each memo, about 150 bytes stay in memory until the end. Without
/// [`MarkdownZip::finish`], the archive is visibly incomplete.
pub struct MarkdownZip<W> {
    zip: ZipWriter<W>,
    names: Names,
}

impl<W: Write> MarkdownZip<W> {
    /// Begins an archive.
    pub fn new(output: W) -> Self {
        Self { zip: ZipWriter::new(output), names: Names::default() }
    }

    /// Writes a memo.
    ///
    /// # Errors
    /// Those of the output, after which the archive is incomplete.
    pub fn append(&mut self, memo: &MemoRecord) -> io::Result<()> {
        let name = self.names.unique(&file_name(memo));
        self.zip.add(&name, file(memo).as_bytes(), memo.updated_at)
    }

    /// The output.
    pub const fn output_mut(&mut self) -> &mut W {
        self.zip.output_mut()
    }

    /// Writes the end of the archive, and returns the output.
    ///
    /// # Errors
    /// Those of the output, after which the archive is incomplete.
    pub fn finish(self) -> io::Result<W> {
        self.zip.finish()
    }
}

/// The content of the file of a memo: all its fields, and its content byte for byte.
fn file(memo: &MemoRecord) -> String {
    let state = &memo.state;
    let mut text = format!("---\nid: {}\ntitle: ", memo.id);
    write_double(state.title.as_str(), &mut text);
    text.push_str("\ntags: [");
    for (number, tag) in state.tags.iter().enumerate() {
        if number > 0 {
            text.push_str(", ");
        }
        write_double(tag.as_str(), &mut text);
    }
    let _ = write!(
        text,
        "]\ncreated: {}\nupdated: {}\npinned: {}\narchived: {}\nvisibility: {}\n",
        memo.created_at,
        memo.updated_at,
        state.pinned,
        state.archived,
        visibility_name(state.visibility)
    );
    let times = [("remind_at", state.remind_at), ("reminded_at", memo.reminded_at), ("deleted_at", memo.deleted_at)];
    for (key, time) in times {
        if let Some(time) = time {
            let _ = writeln!(text, "{key}: {time}");
        }
    }
    text.push_str("---\n");
    text.push_str(state.content.as_str());
    text
}

/// The date and the title of a memo, without characters that a file system refuses.
fn file_name(memo: &MemoRecord) -> String {
    let mut name = memo.created_at.to_string();
    name.truncate("2026-01-31".len());
    name.push(' ');
    for char in memo.state.title.as_str().chars() {
        if name.len() + char.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        let is_refused = char.is_control() || "<>:\"/\\|?*".contains(char);
        name.push(if is_refused { '_' } else { char });
    }
    // Windows removes them, so two names would become one.
    name.truncate(name.trim_end_matches(['.', ' ']).len());
    name
}

/// Makes names unique, also where letter case or the form of Unicode makes no difference.
#[derive(Default)]
struct Names {
    hasher: RandomState,
    /// The hash of each name, and how many files wanted it.
    taken: HashMap<u64, u32>,
}

impl Names {
    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        loop {
            if let Entry::Vacant(entry) = self.taken.entry(self.hasher.hash_one(fold(&unique))) {
                entry.insert(1);
                return unique + ".md";
            }
            let count = self.taken.entry(self.hasher.hash_one(fold(name))).or_insert(1);
            *count += 1;
            unique = format!("{name} ({count})");
        }
    }
}

#[cfg(test)]
mod tests;
