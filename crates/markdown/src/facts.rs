//! What a text says.

use memo_domain::{MarkdownFacts, MemoLink};
use pulldown_cmark::{Event, Tag, TagEnd};

use crate::{
    links::{Piece, Pieces, Run, memo_of_url},
    parser::events,
    plain::Plain,
};

/// Returns what a text says. `memo_url` is the URL of a memo up to its id.
pub fn facts(content: &str, memo_url: &str) -> MarkdownFacts {
    let mut snippet = Plain::new(MarkdownFacts::SNIPPET_MAX);
    let Some(events) = events(content) else {
        snippet.push(content);
        return MarkdownFacts { snippet: snippet.into_text(), ..MarkdownFacts::default() };
    };
    let mut links = Links { memo_url, found: Vec::new() };
    let (mut tasks, mut open_tasks) = (0, 0);
    // The text as it is shown, and the one that has the links: in `[[__init__]]` the underscores belong to the title.
    let (mut shown, mut linked) = (Run::default(), Run::default());
    let mut in_code = false;
    for (event, place) in events {
        match &event {
            Event::Text(text) if in_code => snippet.push(text),
            Event::Text(text) => {
                shown.push(content, text, &place);
                linked.push_delimiters(content, place.start);
                linked.push(content, text, &place);
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {
                snippet.push_run(&mut shown);
            }
            other => {
                snippet.push_run(&mut shown);
                links.add_run(&mut linked);
                match other {
                    Event::Code(text) => snippet.push(text),
                    Event::TaskListMarker(is_done) => {
                        tasks += 1;
                        open_tasks += u32::from(!is_done);
                    }
                    Event::Start(Tag::Link { dest_url, .. }) => links.add(memo_of_url(dest_url, memo_url)),
                    Event::Start(Tag::Image { .. })
                    | Event::End(TagEnd::Link | TagEnd::Image)
                    | Event::InlineHtml(_) => {}
                    _ => snippet.space(),
                }
                in_code = matches!(other, Event::Start(Tag::CodeBlock(_)));
            }
        }
    }
    snippet.push_run(&mut shown);
    links.add_run(&mut linked);
    MarkdownFacts { snippet: snippet.into_text(), tasks, open_tasks, links: links.found }
}

struct Links<'u> {
    memo_url: &'u str,
    found: Vec<MemoLink>,
}

impl Links<'_> {
    fn add(&mut self, link: Option<MemoLink>) {
        if let Some(link) = link.filter(|link| !self.is_full() && !self.found.contains(link)) {
            self.found.push(link);
        }
    }

    fn add_run(&mut self, run: &mut Run) {
        if run.is_empty() {
            return;
        }
        let text = run.take();
        for piece in Pieces::of(&text) {
            match piece {
                // A text of nothing but links costs no more than one of a few.
                _ if self.is_full() => return,
                Piece::Text(_) => {}
                Piece::Memo { title, .. } => self.add(MemoLink::to_title(&Run::unmarked(title))),
                Piece::Url(url) => self.add(memo_of_url(url, self.memo_url)),
            }
        }
    }

    const fn is_full(&self) -> bool {
        self.found.len() >= MarkdownFacts::LINKS_MAX
    }
}

#[cfg(test)]
mod tests {
    use memo_domain::MemoId;

    use super::*;

    const MEMO_URL: &str = "https://memo.example.org/api/v1/memos/";

    fn of(content: &str) -> MarkdownFacts {
        facts(content, MEMO_URL)
    }

    fn titles(content: &str) -> Vec<String> {
        let titles = of(content).links.into_iter();
        titles.map(|link| if let MemoLink::Title(title) = link { title } else { format!("{link:?}") }).collect()
    }

    #[test]
    fn snippet_is_plain_text() {
        for (content, expected) in [
            ("# Title\n\nSome *text*, `code` and\n[a link](https://x.y \"t\").", "Title Some text, code and a link."),
            ("- [ ] one\n- [x] two\n  1. three", "one two three"),
            ("a ![a *cat*](x.png) b<br>c <b>d</b>", "a a cat bc d"),
            ("<div>raw</div>\n\ntext <!-- not --> end", "text end"),
            ("```rust\nlet a  = 1;\n\nlet b;\n```\n***\nend", "let a = 1; let b; end"),
            ("| a | b |\n|---|---|\n| c | ~~d~~ |", "a b c d"),
            ("&lt;b&gt; \\*x\\* &#42; &nbsp;y", "<b> *x* * y"),
            ("[[Plan]], [[Plan|the plan]], `[[code]]`, \\[[x]]", "Plan, the plan, [[code]], [[x]]"),
            ("a  \nb\\\nc\nd", "a b c d"),
            ("[x]: https://x.y\n\nsee [x]", "see x"),
            ("un**believ**able", "unbelievable"),
            ("", ""),
            (" \n\n", ""),
        ] {
            assert_eq!(of(content).snippet, expected, "{content}");
        }
    }

    #[test]
    fn snippet_has_a_maximum_length() {
        assert_eq!(of(&"가나 ".repeat(100)).snippet.chars().count(), MarkdownFacts::SNIPPET_MAX);
        assert_eq!(of(&"*가*".repeat(300)).snippet, "가".repeat(MarkdownFacts::SNIPPET_MAX));
    }

    #[test]
    fn tasks_are_counted_outside_code() {
        let content = "- [ ] a\n- [x] b\n  * [X] c\n\n> 1. [ ] d\n\n```\n- [ ] e\n```\n\n`- [ ] f`\n\n[ ] g";
        let facts = of(content);
        assert_eq!((facts.tasks, facts.open_tasks), (4, 2));
    }

    #[test]
    fn titles_are_found_outside_code() {
        for (content, expected) in [
            ("[[Plan]] and [[PLAN|x]] and [[plan#Goals]]", &["plan"][..]),
            ("[[a]] [[ b ]]\n> - [[회의록]]", &["a", "b", "회의록"]),
            ("# [[a]]\n\n| [[b]] |\n|---|\n| *[[c]]* |", &["a", "b", "c"]),
            ("[[__init__]] [[a *b* c]] [[snake_case_name]]", &["__init__", "a *b* c", "snake_case_name"]),
            ("[[R&amp;D]] [[a \\* b]]", &["r&d", "a * b"]),
            ("[see [[a]] there](https://x.y)", &["a"]),
            ("`[[a]]`\n\n    [[b]]\n\n```\n[[c]]\n```\n<div>[[d]]</div>", &[]),
            ("\\[[a]] [\\[b]] [[c\\]] [[d`]]`", &[]),
            ("[[]] [[ ]] [[#a]] [[a\nb]] [[a] ]", &[]),
        ] {
            assert_eq!(titles(content), expected, "{content}");
        }
        assert_eq!(titles(&format!("[[{}]] [[{}]]", "a".repeat(200), "a".repeat(201))), ["a".repeat(200)]);
    }

    #[test]
    fn urls_of_memos_are_found_in_destinations_and_texts() {
        let id = |n: u8| format!("0198c0de-7f00-7000-8000-0000000000{n:02}");
        let url = |n| format!("{MEMO_URL}{}", id(n));
        let content = format!(
            "{} and [here]({}) and <{}> and *{}*, {}.\n\n[ref]: {}\n\n[x][ref] `{}` {MEMO_URL} [[{}]] [y](<{}/a>)",
            url(1),
            url(2),
            url(3),
            url(4),
            url(1),
            url(5),
            url(6),
            "b",
            url(7),
        );
        let expected = [1, 2, 3, 4, 5].map(|n| MemoLink::Id(MemoId::parse(&id(n)).expect("an id")));
        let last = MemoLink::Id(MemoId::parse(&id(7)).expect("an id"));
        let expected: Vec<_> = expected.into_iter().chain([MemoLink::Title("b".into()), last]).collect();
        assert_eq!(of(&content).links, expected);
    }

    #[test]
    fn links_are_bounded() {
        let many: Vec<_> = (0..500).map(|n| format!("[[{n}]] ")).collect();
        let titles = titles(&many.concat());
        assert_eq!(titles.len(), MarkdownFacts::LINKS_MAX);
        assert_eq!(titles.last().map(String::as_str), Some("99"));
        let url = |n| format!("[x]({MEMO_URL}0198c0de-7f00-7000-8000-000000000{n:03}) ");
        let urls: Vec<_> = (0..500).map(url).collect();
        assert_eq!(of(&urls.concat()).links.len(), MarkdownFacts::LINKS_MAX);
    }

    #[test]
    fn text_that_is_too_deep_is_plain() {
        let content = format!("{} [[a]]\n- [ ] b", ">".repeat(1_000));
        let facts = of(&content);
        assert_eq!((facts.tasks, facts.links.len()), (0, 0));
        assert_eq!(facts.snippet, ">".repeat(MarkdownFacts::SNIPPET_MAX));
    }
}
