//! Front matter: the fields between two lines `---` at the beginning of a Markdown file.
//!
//! It is YAML, but what people write is often not: `title: Rust: a talk` is no YAML at all. So this reads a subset, line by line:
//! texts (plain, quoted, literal and folded blocks) and lists of texts. Everything else is left as it is, for the caller to keep.

use super::quoted::{parse_double, parse_single};

/// The maximum size of front matter in bytes. A longer block between two rules is a part of the text.
const MAX_BYTES: usize = 64 << 10;

/// The front matter of a file, and the text after it.
#[derive(Debug)]
pub struct FrontMatter<'t> {
    pub fields: Vec<Field<'t>>,
    pub body: &'t str,
}

/// A field, or a line without one.
#[derive(Debug)]
pub struct Field<'t> {
    /// In lower case; empty if the line has no field.
    pub key: String,
    pub value: Value,
    /// The lines as they are.
    pub lines: &'t str,
}

/// The value of a field.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    List(Vec<String>),
    /// A form that is not read.
    Other,
}

impl<'t> FrontMatter<'t> {
    /// Parses the front matter; `None` if the text does not begin with any.
    pub fn parse(text: &'t str) -> Option<Self> {
        let mut lines = text.split_inclusive('\n');
        let first = lines.next()?;
        if first.trim_end() != "---" || !first.ends_with('\n') {
            return None;
        }
        let mut fields = Vec::new();
        let (mut position, mut field_start) = (first.len(), first.len());
        for line in lines {
            let bare = line.trim_end();
            let is_end = matches!(bare, "---" | "...");
            let begins = is_end || !continues(bare);
            if begins && position > field_start {
                fields.push(Field::parse(&text[field_start..position]));
                field_start = position;
            }
            position += line.len();
            if is_end {
                // Between two rules may be text.
                let has_field = fields.iter().any(|field| !field.key.is_empty());
                let is_front_matter = has_field || fields.iter().all(Field::is_blank);
                return is_front_matter.then(|| Self { fields, body: &text[position..] });
            }
            if position > MAX_BYTES {
                return None;
            }
        }
        None
    }
}

/// Whether a line belongs to the field before it.
fn continues(line: &str) -> bool {
    line.is_empty() || line.starts_with([' ', '\t']) || line == "-" || line.starts_with("- ")
}

impl<'t> Field<'t> {
    fn parse(lines: &'t str) -> Self {
        let other = |key| Self { key, value: Value::Other, lines };
        let (first, rest) = lines.split_once('\n').unwrap_or((lines, ""));
        let Some((key, value)) = split_key(first.trim_end()) else { return other(String::new()) };
        let more: Vec<_> = rest.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let value = parse_value(value.trim(), &more);
        match value {
            Some(value) => Self { key, value, lines },
            None => other(key),
        }
    }

    /// Whether there is nothing to keep.
    pub fn is_blank(&self) -> bool {
        self.lines.trim().is_empty()
    }
}

/// Splits a line into a key and what follows the colon.
fn split_key(line: &str) -> Option<(String, &str)> {
    if line.starts_with([' ', '\t', '-', '#', '[', '{']) {
        return None;
    }
    let (key, value) = line.split_once(':')?;
    if !(value.is_empty() || value.starts_with([' ', '\t'])) {
        return None;
    }
    let key = key.trim().trim_matches(['"', '\'']);
    (!key.is_empty()).then(|| (key.to_lowercase(), value))
}

fn parse_value(first: &str, more: &[&str]) -> Option<Value> {
    match first.as_bytes().first() {
        None | Some(b'#') if more.is_empty() => first.is_empty().then(|| Value::Text(String::new())),
        None | Some(b'#') => parse_items(more).map(Value::List),
        Some(b'|') => Some(Value::Text(unindented(more).join("\n"))),
        Some(b'>') => Some(Value::Text(unindented(more).join(" "))),
        Some(b'[') => parse_flow(&[&[first][..], more].concat().join(" ")).map(Value::List),
        Some(b'{' | b'&' | b'*' | b'!') => None,
        Some(_) if more.is_empty() => parse_scalar(first).map(Value::Text),
        Some(_) => None,
    }
}

/// The lines of a block, without the indentation of its first line.
fn unindented<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    let indentation = lines.first().map_or(0, |line| line.len() - line.trim_start().len());
    lines.iter().map(|line| line.get(indentation..).unwrap_or_else(|| line.trim_start())).collect()
}

/// A list with one item in each line.
fn parse_items(lines: &[&str]) -> Option<Vec<String>> {
    let items = lines.iter().filter(|line| !line.trim_start().starts_with('#'));
    let items = items.map(|line| parse_scalar(line.trim_start().strip_prefix('-')?.trim()));
    items.filter(|item| item.as_ref().is_none_or(|text| !text.is_empty())).collect()
}

/// A list between brackets.
fn parse_flow(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('[')?.trim_start();
    let mut items = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            return is_comment(after).then_some(items);
        }
        let (item, after) = match rest.as_bytes().first()? {
            b'"' => parse_double(rest)?,
            b'\'' => parse_single(rest)?,
            b'[' | b'{' => return None,
            _ => {
                let (item, after) = rest.split_at(rest.find([',', ']'])?);
                (item.trim().to_owned(), after)
            }
        };
        if !item.is_empty() {
            items.push(item);
        }
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with(']') => {}
            None => return None,
        }
    }
}

/// A text in one line.
fn parse_scalar(text: &str) -> Option<String> {
    match text.as_bytes().first() {
        Some(b'"') => parse_double(text).filter(|(_, rest)| is_comment(rest)).map(|(text, _)| text),
        Some(b'\'') => parse_single(text).filter(|(_, rest)| is_comment(rest)).map(|(text, _)| text),
        Some(b'[' | b'{' | b'&' | b'*' | b'!' | b'|' | b'>') => None,
        _ => {
            let comment = text.match_indices('#').find(|(at, _)| text[..*at].ends_with([' ', '\t']));
            Some(comment.map_or(text, |(at, _)| text[..at].trim_end()).to_owned())
        }
    }
}

/// Whether what follows a value is nothing but a comment.
fn is_comment(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(yaml: &str) -> Value {
        let text = format!("---\n{yaml}\n---\n");
        FrontMatter::parse(&text).expect("front matter").fields.remove(0).value
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test]
    fn texts_are_parsed() {
        for (yaml, parsed) in [
            ("title: 회의록", "회의록"),
            ("Title:\ta", "a"),
            ("\"title\": a", "a"),
            ("title: Rust: a talk", "Rust: a talk"),
            ("title: a # comment", "a"),
            ("title: a#b", "a#b"),
            ("title: \"a # \\\"b\\\" \\u00e9\" # comment", "a # \"b\" é"),
            ("title: 'it''s'", "it's"),
            ("title: |\n  a\n  b", "a\nb"),
            ("title: >-\n    a\n    b", "a b"),
            ("title: https://example.com", "https://example.com"),
            ("title:", ""),
        ] {
            assert_eq!(value(yaml), text(parsed), "{yaml}");
        }
    }

    #[test]
    fn lists_are_parsed() {
        for (yaml, parsed) in [
            ("tags: [a, \"b, c\", 'd']", &["a", "b, c", "d"][..]),
            ("tags: []", &[]),
            ("tags: [a,\n  b] # two", &["a", "b"]),
            ("tags:\n  - a\n  # no\n  - \"b\"\n  -", &["a", "b"]),
            ("tags:\n- a b\n\n- c", &["a b", "c"]),
            ("tags: # some\n  - a", &["a"]),
        ] {
            assert_eq!(value(yaml), list(parsed), "{yaml}");
        }
    }

    #[test]
    fn other_forms_are_left_as_they_are() {
        for yaml in [
            "a: {b: c}",
            "a:\n  b: c",
            "a: [[link]]",
            "a: [b",
            "a: \"b",
            "a: \"b\" c",
            "a: &b c",
            "a: b\n  c",
            "a: # comment",
            "a: [b] c",
            "a: |\n\n",
        ] {
            let text = format!("---\n{yaml}\n---\n");
            let field = FrontMatter::parse(&text).expect("front matter").fields.remove(0);
            assert_eq!((&*field.key, field.lines.trim_end()), ("a", yaml.trim_end()));
            assert!(matches!(field.value, Value::Other) || yaml.contains('|'), "{yaml}: {field:?}");
        }
    }

    #[test]
    fn only_fields_between_two_lines_are_front_matter() {
        for text in [
            "",
            "---",
            "---\n",
            "---\na: b\n",
            "--- a\nb: c\n---\n",
            " ---\na: b\n---\n",
            "---\nHello!\n---\n",
            "---\n- a\n---\n",
        ] {
            assert!(FrontMatter::parse(text).is_none(), "{text:?}");
        }
        let long = format!("---\na: {}\n---\n", "b".repeat(MAX_BYTES));
        assert!(FrontMatter::parse(&long).is_none());
        let parsed = FrontMatter::parse("---\r\na: b\r\n# comment\r\nc: d\r\n...\r\n---\nbody").expect("front matter");
        assert_eq!(parsed.body, "---\nbody");
        let keys: Vec<_> = parsed.fields.iter().map(|field| (&*field.key, field.lines)).collect();
        assert_eq!(keys, [("a", "a: b\r\n"), ("", "# comment\r\n"), ("c", "c: d\r\n")]);
        assert_eq!(FrontMatter::parse("---\n---\nbody").expect("front matter").body, "body");
    }
}
