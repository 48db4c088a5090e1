//! Links that are text to the parser: those between memos, and URLs.

use std::{borrow::Cow, ops::Range};

use memo_domain::{MemoId, MemoLink};

/// Adjacent texts of a paragraph as one text: the parser divides it at each character that could be markup.
#[derive(Default)]
pub struct Run {
    text: String,
    end: usize,
}

impl Run {
    /// Stands around characters that are escaped, and so are no markup. No memo contains it.
    pub const ESCAPE: char = '\0';

    /// Returns a part of a run without the marks.
    pub fn unmarked(text: &str) -> Cow<'_, str> {
        if text.contains(Self::ESCAPE) { text.replace(Self::ESCAPE, "").into() } else { text.into() }
    }

    /// Appends the text of an event.
    pub fn push(&mut self, source: &str, text: &str, place: &Range<usize>) {
        let is_reference = source.get(place.clone()) != Some(text);
        let is_escaped = self.end != place.start && source[..place.start].ends_with('\\');
        self.end = place.end;
        let text =
            if text.contains(Self::ESCAPE) { Cow::from(text.replace(Self::ESCAPE, "\u{fffd}")) } else { text.into() };
        let escaped = if is_reference { text.len() } else { text.chars().next().map_or(0, char::len_utf8) };
        if is_reference || is_escaped {
            self.text.push(Self::ESCAPE);
            self.text.push_str(&text[..escaped]);
            self.text.push(Self::ESCAPE);
            self.text.push_str(&text[escaped..]);
        } else {
            self.text.push_str(&text);
        }
    }

    /// Appends the delimiters of emphasis that stand between the last text and this place, as text.
    pub fn push_delimiters(&mut self, source: &str, start: usize) {
        let gap = if self.text.is_empty() { None } else { source.get(self.end..start) };
        let gap = gap.filter(|gap| gap.bytes().all(|byte| matches!(byte, b'*' | b'_' | b'~')));
        if let Some(gap) = gap {
            self.text.push_str(gap);
            self.end = start;
        }
    }

    /// Takes the text.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    Text(&'t str),
    /// `[[title]]`, `[[title#heading]]` or `[[title|shown]]`. Both may have [`Run::ESCAPE`].
    Memo {
        title: &'t str,
        shown: &'t str,
    },
    /// A URL with the scheme `http` or `https`.
    Url(&'t str),
}

/// The parts of a run, in linear time: a part that is no link is not looked at again.
pub struct Pieces<'t> {
    rest: &'t str,
    /// A link, after the text before it.
    next: Option<(Piece<'t>, &'t str)>,
}

impl<'t> Pieces<'t> {
    pub const fn of(run: &'t str) -> Self {
        Self { rest: run, next: None }
    }

    /// Returns the link that begins at or before this character, a bracket or a colon, with its place.
    fn link_at(&self, place: usize) -> Option<(Range<usize>, Piece<'t>)> {
        if self.rest[place..].starts_with('[') {
            let inner = self.rest[place..].strip_prefix("[[")?;
            let inner = &inner[..inner.find(['[', ']', '\n'])?];
            let end = place + 2 + inner.len();
            self.rest[end..].strip_prefix("]]")?;
            return Some((place..end + 2, memo(inner)?));
        }
        let before = &self.rest[..place];
        let scheme = before.bytes().rev().take(6).take_while(u8::is_ascii_alphanumeric).count();
        let start = place - scheme;
        let is_scheme = ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(&before[start..]));
        let host = self.rest[place..].strip_prefix("://").filter(|_| is_scheme)?;
        // Before the end is searched for: what was searched is not looked at again.
        let host = host.starts_with(|char: char| char.is_alphanumeric() || char == '[').then_some(host)?;
        let host = &host[..host.find(is_outside_of_urls).unwrap_or(host.len())];
        let end = place + 3 + without_punctuation(host);
        Some((start..end, Piece::Url(&self.rest[start..end])))
    }
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if let Some((piece, rest)) = self.next.take() {
            self.rest = rest;
            return Some(piece);
        }
        let mut from = 0;
        while let Some(place) = self.rest[from..].find(['[', ':']).map(|place| from + place) {
            if let Some((range, piece)) = self.link_at(place) {
                let rest = &self.rest[range.end..];
                if range.start == 0 {
                    self.rest = rest;
                    return Some(piece);
                }
                self.next = Some((piece, rest));
                return Some(Piece::Text(&self.rest[..range.start]));
            }
            from = place + 1;
        }
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then_some(Piece::Text(rest))
    }
}

/// Reads what stands between the brackets.
fn memo(inner: &str) -> Option<Piece<'_>> {
    let (target, shown) = inner.split_once('|').unwrap_or((inner, inner));
    // `C# notes` and `C#` are titles.
    let is_heading =
        |place: &usize| target[place + 1..].starts_with(|char: char| !char.is_whitespace() && char != Run::ESCAPE);
    let heading = target.match_indices('#').map(|(place, _)| place).find(is_heading);
    let title = heading.map_or(target, |place| &target[..place]).trim();
    let shown = if shown.trim().is_empty() { title } else { shown.trim() };
    (!title.is_empty()).then_some(Piece::Memo { title, shown })
}

fn is_outside_of_urls(char: char) -> bool {
    char.is_whitespace() || char.is_control() || matches!(char, '<' | '>' | '"' | '`' | '\\')
}

/// The length of a URL without the punctuation of the sentence around it, as in GitHub's autolinks.
fn without_punctuation(url: &str) -> usize {
    let count = |wanted: char| url.matches(wanted).count();
    let mut surplus = [(')', count('('), count(')')), (']', count('['), count(']'))];
    let is_trimmed = |char: char| {
        if let Some((_, opened, closed)) = surplus.iter_mut().find(|(close, ..)| *close == char) {
            let is_surplus = closed > opened;
            *closed -= usize::from(is_surplus);
            return is_surplus;
        }
        matches!(char, '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'')
    };
    url.trim_end_matches(is_trimmed).len()
}

/// Returns the memo that a URL is of. `memo_url` is such a URL up to the id.
pub fn memo_of_url(url: &str, memo_url: &str) -> Option<MemoLink> {
    let is_ours = url.get(..memo_url.len())?.eq_ignore_ascii_case(memo_url);
    let rest = url.get(memo_url.len()..).filter(|_| is_ours)?;
    let id = rest.get(..36)?;
    let is_longer = rest[36..].starts_with(|char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'));
    MemoId::parse(id).ok().filter(|_| !is_longer).map(MemoLink::Id)
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, *};

    fn pieces(run: &str) -> Vec<Piece<'_>> {
        Pieces::of(run).collect()
    }

    #[test]
    fn links_between_memos_have_a_title_and_a_shown_text() {
        for (inner, title, shown) in [
            ("Plan", "Plan", "Plan"),
            (" Plan ", "Plan", "Plan"),
            ("Plan|the plan", "Plan", "the plan"),
            ("Plan| ", "Plan", "Plan"),
            ("Plan#Goals", "Plan", "Plan#Goals"),
            ("Plan#Goals|goals", "Plan", "goals"),
            ("C# notes", "C# notes", "C# notes"),
            ("C#", "C#", "C#"),
            ("회의록", "회의록", "회의록"),
            ("a: b", "a: b", "a: b"),
            ("a\0|\0b", "a\0", "\0b"),
            ("a\0#\0b", "a\0#\0b", "a\0#\0b"),
        ] {
            let run = format!("see [[{inner}]].");
            assert_eq!(pieces(&run), [Text("see "), Memo { title, shown }, Text(".")], "{inner}");
        }
        let memo = Memo { title: "a", shown: "a" };
        assert_eq!(pieces("[[a]]"), [memo]);
        assert_eq!(pieces("[[[a]]]"), [Text("["), Memo { title: "a", shown: "a" }, Text("]")]);
    }

    #[test]
    fn what_is_no_link_stays_text() {
        for run in [
            "[[",
            "[[a",
            "[[a]",
            "[a]]",
            "[[]]",
            "[[ ]]",
            "[[|a]]",
            "[[#a]]",
            "[[a\nb]]",
            "[[a\0]\0]",
            "\0[\0[a]]",
            "a:b",
        ] {
            assert_eq!(pieces(run), [Text(run)], "{run:?}");
        }
    }

    #[test]
    fn urls_end_before_punctuation() {
        for (url, after) in [
            ("https://example.org", ""),
            ("HTTP://example.org/a?b=c&d#e", " f"),
            ("https://example.org/a", ", and"),
            ("https://example.org/a_(b)", ")."),
            ("https://example.org/a", "\"b"),
            ("https://example.org/회의", "\n"),
            ("http://[::1]:8080/a", "]"),
            ("https://example.org", "\0*\0"),
        ] {
            let run = format!("(see {url}{after}");
            let expected = [Text("(see "), Url(url), Text(after)];
            let count = if after.is_empty() { 2 } else { 3 };
            assert_eq!(pieces(&run), expected[..count], "{url}");
        }
        for run in ["xhttp://a.b", "http:// a", "http://", "ftp://a.b", "://a", "https:/a.b", "javascript://a.b"] {
            assert_eq!(pieces(run), [Text(run)], "{run}");
        }
    }

    #[test]
    fn url_of_a_memo_is_known_by_its_beginning() {
        let prefix = "https://memo.example.org/api/v1/memos/";
        let id = "0198c0de-7f00-7000-8000-00000000000a";
        let link = Some(MemoLink::Id(MemoId::parse(id).expect("an id")));
        for rest in ["", "/revisions", "?a", "#b", "를", "."] {
            assert_eq!(memo_of_url(&format!("{prefix}{id}{rest}"), prefix), link, "{rest}");
        }
        assert_eq!(memo_of_url(&format!("{}{}", prefix.to_uppercase(), id.to_uppercase()), prefix), link);
        for url in [
            format!("{prefix}{id}1"),
            format!("{prefix}{}", &id[1..]),
            format!("{prefix}{}가", &id[1..]),
            format!("https://memo.example.com/api/v1/memos/{id}"),
            format!("https://evil.example/{prefix}{id}"),
            prefix.to_owned(),
            String::new(),
        ] {
            assert_eq!(memo_of_url(&url, prefix), None, "{url}");
        }
    }

    #[test]
    fn escaped_brackets_are_marked() {
        let mut run = Run::default();
        let source = r"\[[a]]&#93;\\[";
        for (text, place) in [("[", 1..2), ("[", 2..3), ("a]]", 3..6), ("]", 6..11), ("\\", 12..13), ("[", 13..14)] {
            run.push(source, text, &place);
        }
        assert_eq!(run.take(), "\0[\0[a]]\0]\0\0\\\0[");
        assert!(run.is_empty());
    }
}
