use super::*;
use crate::{Reason, Source, testing::*};

fn fitted(title: &str, content: &str) -> (String, String) {
    let name = "folder/name.md".to_owned();
    let mut note = Note { name, title: title.to_owned(), content: content.to_owned(), ..Note::default() };
    let title = fit_title(&mut note).expect("a title");
    (title.into_string(), note.content)
}

#[test]
fn title_that_fits_is_kept_as_it_is() {
    for title in [" a ", "가".repeat(200).as_str(), "👨\u{200d}👩\u{200d}👧"] {
        assert_eq!(fitted(title, "content"), (title.to_owned(), "content".to_owned()));
    }
}

#[test]
fn title_that_is_too_long_is_cut_and_stands_whole_above_the_content() {
    let long = format!("{} end", "가나 ".repeat(80).trim());
    let (title, content) = fitted(&long, "text");
    assert_eq!(title.chars().count(), 200);
    assert!(title.ends_with('…') && long.starts_with(title.trim_end_matches('…')));
    assert_eq!(content, format!("{long}\n\ntext"));
    assert_eq!(fitted(&long, "").1, long);
    // A heading says it already.
    let heading = format!("# {long}\n\ntext");
    assert_eq!(fitted(&long, &heading).1, heading);
}

#[test]
fn characters_that_no_title_has_are_taken_out() {
    assert_eq!(fitted("a\tb\u{202e}c\r\nd\0\u{7}", "x\0y"), ("a bc  d".to_owned(), "xy".to_owned()));
}

#[test]
fn missing_title_is_the_first_line_of_the_content_or_the_name() {
    for (content, title) in [
        ("\n\n## 회의 \ntext", "회의"),
        ("- [ ] milk\n- [x] eggs", "milk"),
        ("> quoted", "quoted"),
        ("#tag first", "#tag first"),
        ("#\n\u{200b}\ntext", "text"),
        ("", "name"),
        (" \n\u{200b}", "name"),
    ] {
        assert_eq!(fitted("", content), (title.to_owned(), content.to_owned()));
        assert_eq!(fitted("\u{200b}", content).0, title);
    }
    let long = "a".repeat(300);
    let (title, content) = fitted("", &long);
    assert_eq!((title.chars().count(), content), (200, long));
    let late = |lines: usize| fitted("", &format!("{}late", "\n".repeat(lines))).0;
    assert_eq!([late(MAX_TITLE_LINES - 1), late(MAX_TITLE_LINES)], ["late", "name"]);
    let mut nameless = Note::default();
    assert_eq!(fit_title(&mut nameless).as_ref().map(Title::as_str), Some("Untitled"));
}

#[test]
fn tags_are_cut_deduplicated_and_limited() {
    let fit = |tags: &[&str]| {
        let (tags, all_fit) = fit_tags(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        (tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>(), all_fit)
    };
    assert_eq!(
        fit(&["Work", " work ", "", "\u{202e}\t", "a\nb", "#c"]),
        (vec!["Work".into(), "a b".into(), "#c".into()], true)
    );
    assert_eq!(fit(&[&"가".repeat(51)]), (vec!["가".repeat(50)], false));
    let many: Vec<_> = (0..21).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(fit(&many).0.len(), 20);
    assert!(fit(&many[..20]).1 && !fit(&many).1);
    assert!(fit(&[&many[..20], &["0"]].concat()).1, "a duplicate does not count");
}

#[test]
fn content_that_is_too_long_becomes_numbered_memos_without_loss() {
    let line = format!("{}\n", "가나다라마바사아자".repeat(10));
    let content = line.repeat(2_300);
    let title = "긴 글".repeat(66);
    let file = format!("---\ntitle: {title}\nremind_at: 2026-04-01\npinned: true\n---\n{content}");
    let archive = zip_of(&[("a.md", file.as_bytes())]);
    let (memos, report) = imported(Source::Markdown, &archive);
    assert_eq!((memos.len(), report.dropped.len()), (3, 0));
    let whole: String = memos.iter().map(|memo| memo.state.content.as_str()).collect();
    assert_eq!(whole, content);
    for (number, memo) in memos.iter().enumerate() {
        let state = &memo.state;
        assert!(state.content.as_str().ends_with('\n'), "lines stay whole");
        assert!(state.title.as_str().ends_with(&format!(" ({}/3)", number + 1)));
        assert!(state.pinned && state.remind_at.is_some() == (number == 0));
    }
    let ids: std::collections::HashSet<_> = memos.iter().map(|memo| memo.id).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(imported(Source::Markdown, &archive).0, memos, "the ids are the same each time");
    // Without a line break, it is divided all the same.
    assert_eq!(
        fit_content(&"가".repeat(250_000)).iter().map(|piece| piece.chars().count()).collect::<Vec<_>>(),
        [100_000, 100_000, 50_000]
    );
    assert_eq!(fit_content(""), [""]);
}

#[test]
fn tags_beyond_the_limits_are_reported() {
    let tags: Vec<_> = (0..21).map(|number| format!("t{number}")).collect();
    let file = format!("---\ntags: [{}]\n---\ntext", tags.join(", "));
    let (memos, report) = imported(Source::Markdown, &zip_of(&[("a.md", file.as_bytes())]));
    assert_eq!(memos[0].state.tags.iter().count(), 20);
    assert_eq!(report.dropped[0].reason, Reason::Tags);
}

#[test]
fn no_time_lies_after_the_import_and_none_before_the_creation() {
    let file = "---\ncreated: 2030-01-01\nupdated: 2029-01-01\nremind_at: 2031-01-01\n---\na";
    let older = "---\ncreated: 2026-01-02\nupdated: 2026-01-01\n---\na";
    let (memos, _) = imported(Source::Markdown, &zip_of(&[("a.md", file.as_bytes()), ("b.md", older.as_bytes())]));
    assert_eq!((memos[0].created_at, memos[0].updated_at), (time(NOW), time(NOW)));
    assert_eq!(memos[0].state.remind_at, Some(time("2031-01-01T00:00:00Z")));
    assert_eq!(memos[1].updated_at, memos[1].created_at);
    // Its id does not depend on the time of the import.
    assert!(memos[0].id.to_string().starts_with("00dc6acf-ac00-7"), "{}", memos[0].id);
}
