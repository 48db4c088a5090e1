//! The title of a text.

use memo_domain::Title;
use pulldown_cmark::{Event, Tag, TagEnd};

use crate::{
    links::Run,
    parser::{events, without_mark},
    plain::Plain,
};

/// Returns the first heading, or else the first line, that makes a valid title.
pub fn title(content: &str) -> Option<String> {
    let mut line = None;
    if let Some(events) = events(content) {
        let (mut run, mut text) = (Run::default(), empty());
        let (mut in_heading, mut in_code) = (false, false);
        for (event, place) in events {
            match event {
                Event::Text(lines) if in_code => {
                    line = line.or_else(|| lines.lines().map(plain_line).find_map(valid));
                }
                Event::Text(part) => run.push(content, &part, &place),
                Event::Code(part) => {
                    text.push_run(&mut run);
                    text.push(&part);
                }
                Event::Start(tag) if is_inline(&tag) => text.push_run(&mut run),
                Event::End(tag) if is_inline_end(tag) => text.push_run(&mut run),
                Event::InlineHtml(_) => text.push_run(&mut run),
                Event::SoftBreak | Event::HardBreak if in_heading => {
                    text.push_run(&mut run);
                    text.space();
                }
                Event::End(TagEnd::TableCell) => {
                    text.push_run(&mut run);
                    text.space();
                }
                other => {
                    text.push_run(&mut run);
                    let candidate = valid(std::mem::replace(&mut text, empty()).into_text());
                    if in_heading && candidate.is_some() {
                        return candidate;
                    }
                    line = line.or(candidate);
                    in_heading = matches!(other, Event::Start(Tag::Heading { .. }));
                    in_code = matches!(other, Event::Start(Tag::CodeBlock(_)));
                }
            }
        }
        text.push_run(&mut run);
        line = line.or_else(|| valid(text.into_text()));
    }
    // What is left out of the plain text, such as raw HTML.
    line.or_else(|| without_mark(content).lines().map(plain_line).find_map(valid))
}

const fn empty() -> Plain {
    Plain::new(Title::MAX)
}

fn plain_line(line: &str) -> String {
    let mut plain = empty();
    plain.push(line);
    plain.into_text()
}

const fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. } | Tag::TableCell
    )
}

const fn is_inline_end(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

/// Returns a text as a title, without the characters that reorder the text around it.
fn valid(text: String) -> Option<String> {
    let is_control = |char| matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = if text.contains(is_control) { text.replace(is_control, "") } else { text };
    Title::new(text.trim()).ok().map(Title::into_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heading_precedes_lines() {
        for (content, expected) in [
            ("# Shopping\n\nmilk", "Shopping"),
            ("Shopping\n---\nmilk", "Shopping"),
            ("milk\n\n## The *whole* `list` &amp; more ##\n# Other", "The whole list & more"),
            ("#\n\n# \u{200b}\n\nmilk\n\n### Found", "Found"),
            ("> - # Deep", "Deep"),
            ("two\nlines\n===", "two lines"),
            ("\u{feff}# Shopping\n\nmilk", "Shopping"),
            ("```\n# no\n```", "# no"),
            ("# [[Plan|the plan]] and ![a cat](x.png)", "the plan and a cat"),
        ] {
            assert_eq!(title(content).as_deref(), Some(expected), "{content}");
        }
    }

    #[test]
    fn first_line_without_a_heading_is_the_title() {
        for (content, expected) in [
            ("\n\n  buy **milk**  \nand bread", "buy milk"),
            ("- [ ] buy milk\n- [ ] bread", "buy milk"),
            ("> quoted\n\nother", "quoted"),
            ("| a | b |\n|---|---|\n| c | d |", "a b"),
            ("```\n[[a|b]]", "[[a|b]]"),
            ("```rust\n\nlet a = 1;\nlet b = 2;\n```", "let a = 1;"),
            ("    indented\n    code", "indented"),
            ("<div>raw</div>\n\ntext", "text"),
            ("<div>raw</div>", "<div>raw</div>"),
            ("\u{feff}<div>raw</div>", "<div>raw</div>"),
            ("---", "---"),
            ("![](x.png)", "![](x.png)"),
            ("a  \nb", "a"),
            ("a\\\nb", "a"),
            ("회의록\n내용", "회의록"),
            ("invoice\u{202e}gpj.exe", "invoicegpj.exe"),
        ] {
            assert_eq!(title(content).as_deref(), Some(expected), "{content}");
        }
    }

    #[test]
    fn title_is_as_long_as_titles_may_be() {
        let long = "가 ".repeat(300);
        let cut = title(&long).expect("a title");
        assert_eq!(cut.chars().count(), Title::MAX - 1);
        assert_eq!(title(&"# a".repeat(300)).expect("a title").chars().count(), Title::MAX);
    }

    #[test]
    fn text_without_a_visible_character_has_no_title() {
        for content in ["", " \n\t\r\n", "\u{200b}\n\u{3164}", "\u{202e}", "\u{2800}"] {
            assert_eq!(title(content), None, "{content:?}");
        }
    }
}
