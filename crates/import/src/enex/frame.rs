//! An element that is being read, and how it becomes Markdown.

use std::fmt::Write;

use super::escape::{code_block, code_span, destination};

/// What an element is.
#[derive(Debug)]
pub enum Kind {
    /// A paragraph, or anything that begins and ends a line.
    Block,
    Heading(usize),
    List {
        is_ordered: bool,
        items: usize,
    },
    /// An item of a list; of a list of tasks, with whether it is done.
    Item {
        is_done: Option<bool>,
    },
    Quote,
    Pre,
    Table,
    Row,
    Cell,
    /// Text between two marks: bold, italic, struck out.
    Mark(&'static str),
    Code,
    /// A link to a URL.
    Link(String),
    /// Anything else, whose text is text of the element around it.
    Inline,
    /// Something whose content is not shown.
    Skipped,
}

impl Kind {
    pub const fn is_inline(&self) -> bool {
        matches!(self, Self::Mark(_) | Self::Code | Self::Link(_) | Self::Inline)
    }
}

/// An element that is being read.
#[derive(Debug)]
pub struct Frame {
    pub kind: Kind,
    pub text: String,
    /// Whether the text ends with a block, so that what follows begins another.
    pub is_after_block: bool,
    /// The length of the white space that the text is known to begin with.
    blank: usize,
    /// The cells of a row.
    cells: Vec<String>,
    /// The rows of a table.
    rows: Vec<Vec<String>>,
}

impl Frame {
    pub const fn new(kind: Kind) -> Self {
        Self { kind, text: String::new(), is_after_block: false, blank: 0, cells: Vec::new(), rows: Vec::new() }
    }

    /// A text with each run of white space as one space, none at the beginning of a line.
    pub fn collapse(&self, text: &str) -> String {
        let mut collapsed = String::with_capacity(text.len());
        let at_start =
            self.is_after_block || self.text.ends_with([' ', '\n']) || (self.text.is_empty() && !self.kind.is_inline());
        let mut after_space = at_start;
        for char in text.chars() {
            // Evernote writes no-break spaces for any that would be collapsed.
            let is_space = matches!(char, ' ' | '\t' | '\n' | '\r' | '\u{c}');
            if !(is_space && after_space) {
                collapsed.push(if is_space || char == '\u{a0}' { ' ' } else { char });
            }
            after_space = is_space;
        }
        collapsed
    }

    /// Begins a new paragraph, if a block came before.
    pub fn separate(&mut self) {
        if std::mem::take(&mut self.is_after_block) && !self.text.is_empty() {
            self.end_lines(2);
        }
    }

    pub fn push_inline(&mut self, text: &str) {
        self.separate();
        self.text.push_str(text);
    }

    /// Adds a line break that is shown (`CommonMark` 0.31, section 6.7); two of them are a new paragraph.
    pub fn push_break(&mut self) {
        if self.text.ends_with('\n') {
            self.end_lines(2);
        } else if self.has_text() {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("  \n");
        }
    }

    /// Adds lines of their own; with a blank line before them unless `is_tight`.
    pub fn push_block(&mut self, block: &str, is_tight: bool) {
        if self.has_text() {
            self.end_lines(if is_tight { 1 } else { 2 });
        }
        self.text.push_str(block);
        self.is_after_block = true;
    }

    /// Whether the text has more than white space. It may have megabytes of that, so each character is looked at once.
    fn has_text(&mut self) -> bool {
        let known = self.blank.min(self.text.len());
        let found = self.text[known..].find(|char: char| !char.is_whitespace());
        self.blank = found.map_or(self.text.len(), |at| known + at);
        found.is_some()
    }

    /// Ends the text with this number of line breaks.
    fn end_lines(&mut self, breaks: usize) {
        self.text.truncate(self.text.trim_end().len());
        self.text.extend(std::iter::repeat_n('\n', breaks));
    }

    /// Ends the element: renders it into the last of the frames around it.
    pub fn render_into(self, frames: &mut [Self], in_pre: bool) {
        let text = self.text.trim();
        match self.kind {
            Kind::Skipped => return,
            Kind::Row => return push_row(frames, self.cells, text),
            Kind::Cell => return push_cell(frames, text),
            _ => {}
        }
        let Some(parent) = frames.last_mut() else { return };
        if in_pre {
            parent.text.push_str(&self.text);
            if !self.kind.is_inline() && !self.text.ends_with('\n') {
                parent.text.push('\n');
            }
            return;
        }
        match self.kind {
            Kind::Skipped | Kind::Row | Kind::Cell => {}
            Kind::Mark(_) | Kind::Code | Kind::Link(_) if text.is_empty() => parent.push_part(&self.text, false),
            Kind::Mark(mark) if !text.contains('\n') => parent.push_marked(&self.text, &format!("{mark}{text}{mark}")),
            // Marks cannot enclose several blocks.
            Kind::Inline | Kind::Mark(_) => parent.push_part(&self.text, self.is_after_block),
            Kind::Code => parent.push_marked(&self.text, &code_span(text)),
            Kind::Link(url) => {
                // A URL as its own text is escaped.
                let is_plain = text.replace('\\', "") == url.replace('\\', "") && url.contains("://");
                let link = if is_plain && !url.contains([' ', '<', '>']) {
                    format!("<{url}>")
                } else if url.is_empty() {
                    text.to_owned()
                } else {
                    format!("[{text}]({})", destination(&url))
                };
                parent.push_marked(&self.text, &link);
            }
            Kind::Pre if !text.is_empty() => parent.push_block(&code_block(&self.text), false),
            Kind::Table => parent.push_table(&self.rows),
            _ if text.is_empty() => parent.is_after_block |= !parent.text.is_empty(),
            Kind::Block | Kind::Pre => {
                let is_tight = is_task(text) && parent.text.lines().next_back().is_some_and(is_task);
                parent.push_block(text, is_tight);
            }
            Kind::Heading(level) => {
                let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                parent.push_block(&format!("{} {line}", "#".repeat(level)), false);
            }
            Kind::Quote => parent.push_block(&prefixed(text, "> ", "> "), false),
            Kind::Item { is_done } => parent.push_item(text, is_done),
            Kind::List { is_ordered, .. } => match parent.kind {
                // Evernote puts an inner list between the items, not into one.
                Kind::List { .. } => {
                    let indent = if is_ordered { "   " } else { "  " };
                    parent.push_block(&prefixed(text, indent, indent), true);
                }
                Kind::Item { .. } => parent.push_block(text, true),
                _ => parent.push_block(text, false),
            },
        }
    }

    /// Adds the text of an inline element.
    fn push_part(&mut self, text: &str, is_after_block: bool) {
        if !text.trim().is_empty() {
            self.separate();
        } else if self.is_after_block {
            return;
        }
        let text =
            if self.text.is_empty() || self.text.ends_with([' ', '\n']) { text.trim_start_matches(' ') } else { text };
        self.text.push_str(text);
        self.is_after_block |= is_after_block;
    }

    /// Adds `marked`, with the spaces around the text outside of the marks: inside, they would be none.
    fn push_marked(&mut self, text: &str, marked: &str) {
        let before = if text.starts_with(' ') { " " } else { "" };
        let after = if text.ends_with(' ') { " " } else { "" };
        self.push_part(&format!("{before}{marked}{after}"), false);
    }

    fn push_item(&mut self, text: &str, is_done: Option<bool>) {
        let mut mark = "- ".to_owned();
        if let Kind::List { is_ordered, items } = &mut self.kind {
            *items += 1;
            if *is_ordered {
                mark = format!("{items}. ");
            }
        }
        let indent = " ".repeat(mark.len());
        if let Some(is_done) = is_done {
            mark.push_str(if is_done { "[x] " } else { "[ ] " });
        }
        self.push_block(&prefixed(text, &mark, &indent), true);
    }

    /// Adds a table (GFM, section 4.10). Its first row is the header.
    fn push_table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut table = String::new();
        for (number, row) in rows.iter().enumerate() {
            // The header decides how many columns there are; missing cells of other rows are empty.
            let missing = if number == 0 { columns - row.len() } else { 0 };
            let _ = writeln!(table, "| {} |{}", row.join(" | "), "  |".repeat(missing));
            if number == 0 {
                let _ = writeln!(table, "|{}", " --- |".repeat(columns));
            }
        }
        if !table.is_empty() {
            self.push_block(table.trim_end(), false);
        }
    }
}

fn push_row(frames: &mut [Frame], cells: Vec<String>, text: &str) {
    match frames.iter_mut().rev().find(|frame| matches!(frame.kind, Kind::Table)) {
        Some(_) if cells.is_empty() => {}
        Some(table) => table.rows.push(cells),
        None => {
            let line = [&[text.to_owned()][..], &cells].concat().join(" ");
            if let Some(parent) = frames.last_mut().filter(|_| !line.trim().is_empty()) {
                parent.push_block(line.trim(), false);
            }
        }
    }
}

fn push_cell(frames: &mut [Frame], text: &str) {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join("<br>");
    match frames.iter_mut().rev().find(|frame| matches!(frame.kind, Kind::Row)) {
        Some(row) => row.cells.push(line.replace('|', "\\|")),
        None => {
            if let Some(parent) = frames.last_mut().filter(|_| !line.is_empty()) {
                parent.push_block(&line, false);
            }
        }
    }
}

/// Adds a prefix to each line: one to the first, another to the rest. That of a blank line does not end with spaces.
fn prefixed(text: &str, first: &str, rest: &str) -> String {
    let mut output = String::with_capacity(text.len() + first.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            output.push('\n');
        }
        let prefix = if number == 0 { first } else { rest };
        output.push_str(if line.is_empty() { prefix.trim_end() } else { prefix });
        output.push_str(line);
    }
    output
}

/// Whether a line is an item of a list of tasks.
fn is_task(line: &str) -> bool {
    line.starts_with("- [ ] ") || line.starts_with("- [x] ")
}
