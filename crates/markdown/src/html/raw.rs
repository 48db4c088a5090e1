//! Raw HTML.

use super::{escape::push_text, open::Open};

/// Elements that are written without their attributes. None of them changes how a browser reads what follows.
const INLINE: [(&str, &str, &str); 16] = [
    ("b", "<b>", "</b>"),
    ("code", "<code>", "</code>"),
    ("del", "<del>", "</del>"),
    ("em", "<em>", "</em>"),
    ("i", "<i>", "</i>"),
    ("ins", "<ins>", "</ins>"),
    ("kbd", "<kbd>", "</kbd>"),
    ("mark", "<mark>", "</mark>"),
    ("q", "<q>", "</q>"),
    ("s", "<s>", "</s>"),
    ("samp", "<samp>", "</samp>"),
    ("small", "<small>", "</small>"),
    ("strong", "<strong>", "</strong>"),
    ("sub", "<sub>", "</sub>"),
    ("sup", "<sup>", "</sup>"),
    ("u", "<u>", "</u>"),
];

/// The same, in blocks alone.
const BLOCK: [(&str, &str, &str); 4] = [
    ("details", "<details>", "</details>\n"),
    ("div", "<div>", "</div>\n"),
    ("p", "<p>", "</p>\n"),
    ("summary", "<summary>", "</summary>\n"),
];

/// Elements of blocks that may have Markdown after the block in which they begin.
const SPANNING: [&str; 2] = ["details", "div"];

/// Elements whose content is no text of the page.
const LEFT_OUT: [&str; 16] = [
    "audio",
    "canvas",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
];

/// A part of raw HTML.
#[derive(Debug, PartialEq, Eq)]
enum Token<'t> {
    Text(&'t str),
    Start(String),
    End(String),
}

/// Writes the tag of raw HTML in a paragraph.
pub fn inline(html: &str, open: &mut Open, out: &mut String) {
    tokens(html, |token| match token {
        Token::Text(_) => {}
        Token::Start(name) => start(&name, &INLINE, open, out),
        Token::End(name) => open.end_raw(&name, out),
    });
}

/// Writes a block of raw HTML.
pub fn block(html: &str, open: &mut Open, out: &mut String) {
    tokens(html, |token| match token {
        Token::Text(text) => push_text(out, text),
        Token::Start(name) => {
            let known = if BLOCK.iter().any(|(known, ..)| *known == name) { &BLOCK[..] } else { &INLINE[..] };
            start(&name, known, open, out);
        }
        Token::End(name) => open.end_raw(&name, out),
    });
    open.end_raw_from(|name| !SPANNING.contains(&name), out);
}

fn start(name: &str, known: &[(&'static str, &'static str, &'static str)], open: &mut Open, out: &mut String) {
    if name == "br" {
        out.push_str("<br>");
    } else if let Some(&(name, start, end)) = known.iter().find(|(known, ..)| *known == name) {
        open.start_raw(name, start, end, out);
    }
}

/// Divides raw HTML, in linear time: what does not end is not searched for again. Comments, declarations and processing
/// instructions are left out. What this takes for a tag or a text need not be what a browser takes for it, since text is
/// escaped and tags are replaced by constants.
fn tokens<'t>(html: &'t str, mut each: impl FnMut(Token<'t>)) {
    let mut rest = html;
    while let Some(place) = rest.find('<') {
        if place > 0 {
            each(Token::Text(&rest[..place]));
        }
        rest = &rest[place..];
        let after = match rest.as_bytes().get(1) {
            Some(b'!') if rest.starts_with("<!--") => after(rest, "-->"),
            Some(b'!' | b'?') => after(rest, ">"),
            Some(b'/') => after(rest, ">").inspect(|_| each(Token::End(name(&rest[2..])))),
            Some(byte) if byte.is_ascii_alphabetic() => {
                let name = name(&rest[1..]);
                match after(rest, ">") {
                    Some(content) if LEFT_OUT.contains(&name.as_str()) => after_element(content, &name),
                    Some(content) => {
                        each(Token::Start(name));
                        Some(content)
                    }
                    None => None,
                }
            }
            _ => {
                each(Token::Text(&rest[..1]));
                Some(&rest[1..])
            }
        };
        // What does not end is left out to the end.
        rest = after.unwrap_or_default();
    }
    if !rest.is_empty() {
        each(Token::Text(rest));
    }
}

fn after<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    text.find(end).map(|place| &text[place + end.len()..])
}

fn name(text: &str) -> String {
    let end = text.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(text.len());
    text[..end].to_ascii_lowercase()
}

/// Returns what follows after the end tag of an element.
fn after_element<'t>(content: &'t str, element: &str) -> Option<&'t str> {
    let mut ends = content.match_indices("</").map(|(place, _)| &content[place + 2..]);
    after(ends.find(|end| name(&end[..end.floor_char_boundary(element.len() + 1)]) == element)?, ">")
}

#[cfg(test)]
mod tests {
    use super::{Token::*, *};

    fn all(html: &str) -> Vec<Token<'_>> {
        let mut found = Vec::new();
        tokens(html, |token| found.push(token));
        found
    }

    #[test]
    fn raw_html_is_divided() {
        let tokens = all("a<B class='x'>b</b\n><br/>c<!-- <i> -->d<?php x ?>e<!DOCTYPE html>f < g<1");
        let [b, end] = [Start("b".into()), End("b".into())];
        let expected = [
            Text("a"),
            b,
            Text("b"),
            end,
            Start("br".into()),
            Text("c"),
            Text("d"),
            Text("e"),
            Text("f "),
            Text("<"),
            Text(" g"),
            Text("<"),
            Text("1"),
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn content_that_is_no_text_is_left_out() {
        for html in [
            "a<script>b</scr</script >c",
            "a<STYLE x>b<i>x</STYLE>c",
            "a<svg><a>b</a></svg>c",
            "a<textarea></texta</textareax></TextArea\n>c",
        ] {
            assert_eq!(all(html), [Text("a"), Text("c")], "{html}");
        }
        for html in ["a<script>b", "a<!-- b", "a<b", "a</b", "a<svg", "a<script></script"] {
            assert_eq!(all(html), [Text("a")], "{html}");
        }
    }

    #[test]
    fn names_are_told_from_longer_ones() {
        let left_out = all("<title>x</titlebar></title>y");
        assert_eq!(left_out, [Text("y")]);
    }
}
