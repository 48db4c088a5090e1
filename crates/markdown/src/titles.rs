//! Titles of links, which the parser reads in a time that is quadratic in their number of lines.
//!
//! At each end of a line within a title, also within what turns out to be none, the parser goes through all of the paragraph
//! since the link. A memo of nothing but such a title would take it half a minute.

/// The maximum of the lines times the special characters of titles, added up for a text.
pub const MAX_TITLE_WORK: usize = 20_000_000;

/// The characters that begin a title: `"`, `'` and `(`.
const KINDS: usize = 3;

#[derive(Default)]
struct Work {
    lines: usize,
    specials: usize,
    /// Of each kind, where a title began: the lines and special characters before it.
    titles: [Option<(usize, usize)>; KINDS],
    done: usize,
    /// The line of the last destination of a link.
    link: Option<usize>,
}

impl Work {
    fn of(&self, kind: usize) -> usize {
        let lines = |start: (usize, usize)| (self.lines - start.0).saturating_mul(self.specials - start.1);
        self.titles[kind].map_or(0, lines)
    }

    fn total(&self) -> usize {
        (0..KINDS).map(|kind| self.of(kind)).fold(self.done, usize::saturating_add)
    }

    fn end(&mut self, kind: usize) {
        self.done = self.done.saturating_add(self.of(kind));
        self.titles[kind] = None;
    }

    /// A title may begin in the line of its link, or after a line break before or after the destination.
    fn begin(&mut self, kind: usize) {
        if self.link.is_some_and(|line| self.lines <= line + 2) {
            self.titles[kind] = Some((self.lines, self.specials));
        }
    }

    fn end_paragraph(&mut self) {
        (0..KINDS).for_each(|kind| self.end(kind));
        self.link = None;
    }
}

/// Whether the titles of a text, and what may be taken for one, are within the bound. It is not known here what is code.
pub fn are_short(content: &str) -> bool {
    let bytes = content.as_bytes();
    let mut work = Work::default();
    let (mut place, mut is_blank) = (0, true);
    while let Some(&byte) = bytes.get(place) {
        let previous = place.checked_sub(1).map_or(b'\n', |place| bytes[place]);
        let next = bytes.get(place + 1).copied().unwrap_or(b'\n');
        let is_separate = previous.is_ascii_whitespace() || previous == b'>';
        is_blank &= byte.is_ascii_whitespace();
        match byte {
            b'\n' if previous == b'\r' => {}
            b'\n' | b'\r' => {
                if is_blank {
                    work.end_paragraph();
                }
                is_blank = true;
                work.lines += 1;
                work.specials += 1;
                if work.total() > MAX_TITLE_WORK {
                    return false;
                }
            }
            b'\\' => {
                work.specials += 1;
                place += usize::from(next.is_ascii_punctuation());
            }
            b'"' | b'\'' | b'(' | b')' => {
                let kind = usize::from(byte == b'\'') + 2 * usize::from(byte == b'(' || byte == b')');
                work.end(kind);
                if is_separate && byte != b')' {
                    work.begin(kind);
                }
            }
            b'*' | b'_' | b'~' | b'&' | b'[' | b']' | b'<' | b'!' | b'`' | b'|' => {
                work.specials += 1;
                if byte == b']' && next == b'(' {
                    work.link = Some(work.lines);
                }
            }
            _ => {}
        }
        place += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_of_many_lines_is_too_long() {
        for start in ["[a](b \"", "[a](b '", "[a](b (", "> [a](\n>b\n>'", "![a](<b c>\t'", "c [a](b \\\" \""] {
            for line in ["*\n", "\n~a", "\\\n~", "\\\"\n*", "*\r\n", "*\r", "> *\n", "x *a* `b`\n"] {
                let content = format!("{start}{}", line.repeat(20_000));
                assert!(!are_short(&content), "{start:?} {line:?}");
            }
        }
        let many = "[a](b '\n*\n*\n*".repeat(100) + "\n\n[a](b \"" + &"*\n".repeat(1_500);
        assert!(are_short(&many));
        assert!(!are_short(&format!("{many}\n").repeat(20)));
    }

    #[test]
    fn usual_texts_have_short_titles() {
        let item = "- [a *b*](https://example.org \"c\") 'd' (e) \"f\n";
        for content in [
            item.repeat(2_000),
            "He said \"x, [a](b) and `c`.\n".repeat(3_000),
            format!("[a](b \"c\n{}", "\n*\n".repeat(30_000)),
            format!("[a](b) \"c\"\n{}", "- [d](e) *f*\n".repeat(5_000)),
            "\"\n".repeat(50_000),
            format!("it's\n{}", "*a*\n".repeat(20_000)),
            String::new(),
        ] {
            assert!(are_short(&content), "{}", &content[..content.len().min(40)]);
        }
    }
}
