use memo_domain::{Content, MarkdownFacts, MemoId, MemoLink, Title};

use crate::subjects::TestMarkdown;

const ID: &str = "0198c0de-7f00-7000-8000-00000000000a";

/// Texts whose structure is as deep, as wide or as ambiguous as a memo allows.
const HOSTILE: [(&str, &str, &str); 33] = [
    ("", ">", "a"),
    ("", "> ", "a\n"),
    ("", "* ", "a"),
    ("", "1. - ", "\n"),
    ("* a\n", " ", "b"),
    ("", "[", "]"),
    ("", "[[", "a]]"),
    ("", "[[a", "]]"),
    ("", "![", "](x)"),
    ("", "[a](", ""),
    ("", "[a](<b", ""),
    ("[a](b \"", "*\n", ""),
    ("", "![a](b '", "\n~a"),
    ("", "[a]: b\n", "[a]"),
    ("", "**a *b ", "a"),
    ("", "a**b_c~~", ""),
    ("", "*", "a"),
    ("", "`a", ""),
    ("", "<a href=\"", ">"),
    ("", "<!-- ", "-->"),
    ("", "<div>\n", ""),
    ("", "<details>\n\n", ""),
    ("", "x <b>", ""),
    ("", "&amp;&#35;", ";"),
    ("", "&lt;", ""),
    ("|a|b|\n|-|-|\n", "|c", "|"),
    ("|a|b|\n|-|-|\n", "|\n", ""),
    ("", "\\[", "]"),
    ("", "- [ ] a\n", ""),
    ("", "#\n", "# a"),
    ("", "http://", ""),
    ("", "http://-", ""),
    ("", "한글 [[회의", "]]"),
];

fn hostile() -> impl Iterator<Item = (&'static str, String)> {
    HOSTILE.into_iter().map(|(start, part, end)| {
        let count = (Content::MAX - start.chars().count() - end.chars().count()) / part.chars().count();
        (part, format!("{start}{}{end}", part.repeat(count)))
    })
}

pub(crate) async fn a_snippet_is_the_beginning_of_the_plain_text(given: TestMarkdown) {
    for (content, expected) in [
        ("", ""),
        ("# Title\n\nsome *text*\nand `code`", "Title some text and code"),
        ("- a\n- [ ] b\n\n> c\n\n```\nd  = e\n```", "a b c d = e"),
        ("[link](https://example.org) ![a picture](https://example.org/a.png)", "link a picture"),
        ("a <b>b</b><!-- c -->\n\n<div>d</div>\n\n&amp; \\*", "a b & *"),
    ] {
        assert_eq!(given.markdown.facts(content).snippet, expected, "{content}");
    }
    let snippet = given.markdown.facts(&"**가**".repeat(1_000)).snippet;
    assert_eq!(snippet, "가".repeat(MarkdownFacts::SNIPPET_MAX));
}

pub(crate) async fn checkboxes_are_counted_outside_code(given: TestMarkdown) {
    let facts = given.markdown.facts("- [ ] a\n  1. [x] b\n\n> * [X] c\n\n```\n- [ ] d\n```\n\n`- [ ] e` [ ]");
    assert_eq!((facts.tasks, facts.open_tasks), (3, 1));
    let facts = given.markdown.facts(&"- [ ] a\n".repeat(10_000));
    assert_eq!((facts.tasks, facts.open_tasks), (10_000, 10_000));
}

pub(crate) async fn links_to_memos_are_found_outside_code(given: TestMarkdown) {
    let url = format!("{}/api/v1/memos/{ID}", given.public_url);
    let id = MemoLink::Id(MemoId::parse(ID).expect("an id"));
    for content in [format!("[a]({url})"), format!("<{url}>"), format!("see {url}."), format!("[a][b]\n\n[b]: {url}")] {
        assert_eq!(given.markdown.facts(&content).links, std::slice::from_ref(&id), "{content}");
    }
    let title = |title: &str| MemoLink::to_title(title).expect("a title");
    let content = format!("[[Plan]], [[회의록|notes]]\n\n- *[[STRASSE#Part]]* {url}");
    let expected = [title("plan"), title("회의록"), title("Straße"), id];
    assert_eq!(given.markdown.facts(&content).links, expected);
    let content = format!("`[[a]] {url}`\n\n    [[b]]\n\n```\n[[c]]\n[d]({url})\n```\n\n\\[[e]] [[]] [[ ]]");
    assert_eq!(given.markdown.facts(&content).links, []);
}

pub(crate) async fn links_are_distinct_and_bounded(given: TestMarkdown) {
    let links = given.markdown.facts("[[a]] [[b]] [[A]] [[a|c]]").links;
    assert_eq!(links.len(), 2, "{links:?}");
    let many: Vec<_> = (0..MarkdownFacts::LINKS_MAX * 3).map(|number| format!("[[{number}]] ")).collect();
    assert_eq!(given.markdown.facts(&many.concat()).links.len(), MarkdownFacts::LINKS_MAX);
}

pub(crate) async fn a_task_changes_one_character(given: TestMarkdown) {
    let content = "intro\r\n\r\n* [ ] one\t \r\n* [X] two &amp; ~~2~~\r\n  - [ ] 셋\r\n\r\n```\r\n- [ ] code\r\n```\r\n1. [ ] end";
    for (number, done, from, to) in [
        (1, true, "[ ] one", "[x] one"),
        (2, false, "[X] two", "[ ] two"),
        (3, true, "[ ] 셋", "[x] 셋"),
        (4, true, "[ ] end", "[x] end"),
        (2, true, "", ""),
        (3, false, "", ""),
    ] {
        let changed = given.markdown.set_task(content, number, done);
        assert_eq!(changed, Some(content.replace(from, to)), "{number}");
    }
}

pub(crate) async fn an_absent_task_is_not_set(given: TestMarkdown) {
    for (content, number) in [("- [ ] a", 0), ("- [ ] a", 2), ("- [ ] a", u32::MAX), ("[ ] a", 1), ("", 1)] {
        assert_eq!(given.markdown.set_task(content, number, true), None, "{content}");
    }
}

pub(crate) async fn a_title_is_the_first_heading_or_line(given: TestMarkdown) {
    for (content, expected) in [
        ("\n# The *title* \\#1 #\n\ntext", Some("The title #1")),
        ("text\n\nHeading\n===", Some("Heading")),
        ("\n  first **line**\nsecond", Some("first line")),
        ("- [ ] milk", Some("milk")),
        ("#\n\ntext", Some("text")),
        (" \n\u{200b}\n", None),
        ("", None),
    ] {
        assert_eq!(given.markdown.title(content).as_deref(), expected, "{content}");
    }
    for content in ["a".repeat(300), "# a\u{7}b\u{202e}c\td".to_owned(), format!("# {}", "가 ".repeat(300))] {
        let title = given.markdown.title(&content).expect("a title");
        Title::new(title).expect("a valid title");
    }
}

pub(crate) async fn html_has_the_structure_of_the_text(given: TestMarkdown) {
    let content = "# a\n\n*b* **c** ~~d~~ `e`\n\n- f\n\n1. g\n\n> h\n\n- [x] i\n\n|j|\n|-|\n|k|\n\n[l](https://example.org)\n\n```\n<m>\n```\n\n---";
    let html = given.markdown.html(content);
    for tag in [
        "h1",
        "em",
        "strong",
        "del",
        "code",
        "ul",
        "ol",
        "li",
        "blockquote",
        "input",
        "table",
        "th",
        "td",
        "a",
        "pre",
        "hr",
    ] {
        assert!(tags(&html).iter().any(|(name, _)| name == tag), "no {tag}: {html}");
    }
    for text in ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "&lt;m&gt;"] {
        assert!(html.contains(text), "no {text}: {html}");
    }
}

pub(crate) async fn html_is_safe(given: TestMarkdown) {
    for content in [
        "<script>alert(1)</script>",
        "a <script src=https://evil.example></script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick='alert(1)'>b</b>",
        "<svg/onload=alert(1)>",
        "<style>*{display:none}</style> <p style=\"position:fixed\">a",
        "<form action=https://evil.example><button>a</button></form>",
        "<iframe src=https://evil.example></iframe>",
        "<a href=javascript:alert(1)>a</a>",
        "[a](javascript:alert(1)) [b](JAVASCRIPT:alert(1)) [c](java&#10;script:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=) <javascript:alert(1)>",
        "![a](javascript:alert(1)) ![b](http://example.org/a.png) ![c](//example.org/a.png)",
        "[a](https://example.org/\"onmouseover=\"alert(1)) ![\"onerror=\"alert(1)](https://example.org)",
        "[a]: javascript:alert(1)\n\n[a]",
        "``` \"><script>alert(1)</script>\n```",
        "- [ ] a\n\n[b](https://example.org \"'\\\"><script>\")",
    ] {
        for (name, attributes) in tags(&given.markdown.html(content)) {
            let is_known = !["script", "style", "form", "button", "iframe", "svg"].contains(&&*name);
            assert!(is_known, "{name} of {content}");
            for (attribute, value) in &attributes {
                let is_known = !attribute.starts_with("on") && attribute != "style" && attribute != "action";
                assert!(is_known, "{attribute} of {content}");
                let schemes = if name == "img" { &["https://"][..] } else { &["https://", "http://", "mailto:"] };
                let is_url = attribute == "href" || attribute == "src";
                assert!(!is_url || schemes.iter().any(|scheme| value.starts_with(scheme)), "{value} of {content}");
            }
            let value = |wanted| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value);
            assert!(name != "a" || value("rel") == Some("noopener noreferrer nofollow"), "{content}");
            assert!(name != "input" || value("disabled").is_some(), "{content}");
        }
    }
}

pub(crate) async fn hostile_markdown_costs_little(given: TestMarkdown) {
    for (part, content) in hostile() {
        let facts = given.markdown.facts(&content);
        assert!(facts.snippet.chars().count() <= MarkdownFacts::SNIPPET_MAX, "{part}");
        assert!(facts.links.len() <= MarkdownFacts::LINKS_MAX, "{part}");
        let tasks = given.markdown.set_task(&content, facts.tasks, true);
        assert_eq!(tasks.is_some(), facts.tasks > 0, "{part}");
        let title = given.markdown.title(&content).map(Title::new);
        assert!(title.is_none_or(|title| title.is_ok()), "{part}");
        let html = given.markdown.html(&content);
        assert!(html.len() < content.len() * 30 + 1_000, "{part}: {} bytes", html.len());
        assert!(depth(&html) < 300, "{part}: nested {} times", depth(&html));
    }
}

/// The start tags of HTML whose text is escaped, with their attributes in lower case.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    for part in html.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default().to_lowercase();
        let (name, rest) = tag.split_once(' ').unwrap_or((&tag, ""));
        let (mut attributes, mut rest) = (Vec::new(), rest.trim());
        while !rest.is_empty() {
            let end = rest.find([' ', '=']).unwrap_or(rest.len());
            let (attribute, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix("=\"").and_then(|after| after.split_once('"')) {
                Some((value, after)) => (value, after),
                None => ("", after),
            };
            attributes.push((attribute.to_owned(), value.to_owned()));
            rest = after.trim_start();
        }
        if !name.starts_with('/') {
            found.push((name.to_owned(), attributes));
        }
    }
    found
}

/// How deep the elements of HTML are nested.
fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for part in html.split('<').skip(1) {
        let name = part.split(['>', ' ']).next().unwrap_or_default();
        if name.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !["br", "hr", "img", "input"].contains(&name) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}
