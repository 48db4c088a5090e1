//! The HTML of hostile texts, read as a browser reads it.

mod judge;
mod payloads;

use memo_domain::{Locale, Markdown};
use memo_markdown::{MarkdownReader, ShareMeta, password_page, share_page};
use proptest::prelude::*;

use crate::{
    judge::{judge, judge_page},
    payloads::PAYLOADS,
};

fn html(content: &str) -> String {
    MarkdownReader::new("https://memo.example.org").html(content)
}

#[test]
fn payloads_are_harmless() {
    assert!(PAYLOADS.len() >= 50);
    for payload in PAYLOADS {
        judge(payload, &html(payload));
    }
}

/// A payload may end an element around it, or begin one that another ends.
#[test]
fn payloads_are_harmless_in_any_structure() {
    for payload in PAYLOADS {
        for (start, end) in [
            ("> ", ""),
            ("- [ ] ", "\n- x"),
            ("# ", ""),
            ("**a ", " b**"),
            ("[a ", " b](https://example.org)"),
            ("![a ", " b](https://example.org)"),
            ("|a|\n|-|\n|", "|"),
            ("<details>\n<summary>\n\n", "\n\n</details>"),
            ("<div>\n", "\n</div>"),
            ("a <kbd>", "</kbd>"),
            ("<!-- a\n\n", "\n-->"),
            ("a `b` ", " `c"),
        ] {
            let content = format!("{start}{payload}{end}");
            judge(&content, &html(&content));
        }
    }
}

#[test]
fn pages_of_payloads_are_harmless() {
    for payload in PAYLOADS {
        let meta = ShareMeta { locale: Locale::En, author: Some(payload), updated_at: payload };
        judge_page(payload, &share_page(payload, &html(payload), &meta));
        judge_page(payload, &password_page(&format!("/shared/{payload}"), true, Locale::Ko));
    }
}

/// The judge finds what it looks for.
#[test]
fn judge_is_strict() {
    for html in [
        "<script>alert(1)</script>",
        "<p><b onclick=\"x\">a</b></p>",
        "<p style=\"x\">a</p>",
        "<a href=\"javascript:x\" rel=\"noopener noreferrer nofollow\">a</a>",
        "<a href=\" https://x.y\" rel=\"noopener noreferrer nofollow\">a</a>",
        "<a href=\"https://x.y\">a</a>",
        "<img src=\"http://x.y\" alt=\"\">",
        "<input type=\"checkbox\">",
        "<input type=\"password\" disabled>",
        "<svg></svg>",
        "<template><p>a</p></template>",
        "<form></form>",
        "<!-- a -->",
    ] {
        let judged = std::panic::catch_unwind(|| judge("", html));
        assert!(judged.is_err(), "{html}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mixed_payloads_are_harmless(parts in proptest::collection::vec((0..PAYLOADS.len(), 0..40_usize, 0..8_usize), 1..8)) {
        let mut content = String::new();
        for (payload, cut, joint) in parts {
            let payload = PAYLOADS[payload];
            content.push_str(&payload[payload.floor_char_boundary(cut)..]);
            content.push_str(["", "\n", "\n\n", "\n> ", "\n    ", "`", "](", "<"][joint]);
        }
        judge(&content, &html(&content));
    }

    #[test]
    fn markup_in_any_order_is_harmless(content in r#"([a<>"'`&;:/\\()\[\]!|#*_~\- \n\t]|<b>|</b>|<!--|-->|\[\[|\]\]|&#60;|<script>|<details>|https://|javascript:|on=){0,60}"#) {
        judge(&content, &html(&content));
    }

    /// Each text is readable in some form: as a fact, as a title, with its checkboxes.
    #[test]
    fn no_text_fails(content in r"([a가\u{301}\u{feff}<>`&#\[\]|*_~+\- \r\n\t]|- \[[ x]\] |\[\[|\]\]|```|\|-|&amp;){0,60}") {
        let reader = MarkdownReader::new("https://memo.example.org");
        let facts = reader.facts(&content);
        prop_assert!(facts.open_tasks <= facts.tasks);
        prop_assert_eq!(facts.snippet.trim(), &*facts.snippet);
        for number in 1..=facts.tasks {
            let ticked = reader.set_task(&content, number, true).expect("a checkbox");
            let cleared = reader.set_task(&ticked, number, false).expect("a checkbox");
            prop_assert_eq!(ticked.len(), content.len());
            prop_assert_eq!(reader.facts(&ticked).tasks, facts.tasks);
            prop_assert!(reader.facts(&cleared).open_tasks > reader.facts(&ticked).open_tasks);
        }
        prop_assert_eq!(reader.set_task(&content, facts.tasks + 1, true), None);
        if let Some(title) = reader.title(&content) {
            prop_assert!(memo_domain::Title::new(title).is_ok());
        }
    }
}
