//! The parser, and which texts it is given.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser};

use crate::titles;

/// How deep a single line may nest blocks: a marker of a quote or of a list item counts as 1, two columns of indentation, too.
pub const MAX_LINE_DEPTH: usize = 500;

/// The maximum of the depth times the lines of a text: for each line, the parser goes through all open blocks.
pub const MAX_BLOCK_WORK: usize = 5_000_000;

const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);

/// The events of a text with their places; `None` if it can't be parsed in linear time.
pub fn events(content: &str) -> Option<impl Iterator<Item = (Event<'_>, Range<usize>)>> {
    let text = without_mark(content);
    let start = content.len() - text.len();
    (is_shallow(text) && titles::are_short(text)).then(|| {
        let events = Parser::new_ext(text, OPTIONS).into_offset_iter();
        events.map(move |(event, place)| (event, start + place.start..start + place.end))
    })
}

/// A text without the byte order mark that some editors begin it with.
pub fn without_mark(content: &str) -> &str {
    content.strip_prefix('\u{feff}').unwrap_or(content)
}

/// Whether the blocks of a text are nested within the bounds. The depth is estimated from above: a block is open in a line only
/// if the line repeats its marker or is indented, unless it was opened by an earlier one that did.
fn is_shallow(content: &str) -> bool {
    let depth = content.lines().map(line_depth).max().unwrap_or_default();
    depth <= MAX_LINE_DEPTH && depth.saturating_mul(content.lines().count()) <= MAX_BLOCK_WORK
}

fn line_depth(line: &str) -> usize {
    let (mut markers, mut columns) = (0, 0);
    for byte in line.bytes() {
        match byte {
            b' ' | b'0'..=b'9' => columns += 1,
            b'\t' => columns += 4,
            b'>' | b'-' | b'+' | b'*' | b'.' | b')' => markers += 1,
            _ => break,
        }
    }
    markers + columns / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_or_long_nesting_is_not_parsed() {
        let is_parsed = |text: &str| events(text).is_some();
        assert!(is_parsed(""));
        assert!(is_parsed(&"> ".repeat(MAX_LINE_DEPTH / 2)));
        for marker in ["> ", ">", "* ", "-\t", "1. ", "1)", "  ", "\t", "+ >"] {
            assert!(!is_parsed(&format!("a\n{}a", marker.repeat(MAX_LINE_DEPTH + 1))), "{marker:?}");
        }
        let quotes = "> ".repeat(60);
        assert!(is_parsed(&format!("{quotes}a{}", "\n".repeat(MAX_BLOCK_WORK / 100))));
        assert!(!is_parsed(&format!("{quotes}a{}", "\n".repeat(MAX_BLOCK_WORK / 50))));
    }
}
