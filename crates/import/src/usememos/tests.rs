use std::io;

use memo_domain::Visibility;

use crate::{ImportError, Limits, Source, import, testing::*};

const PAGE: &str = r##"{"memos": [
  {"name": "memos/mJ3a", "state": "NORMAL", "creator": "users/1", "createTime": "2026-01-31T09:00:00Z",
   "updateTime": "2026-01-31T10:00:00.5Z", "displayTime": "2026-01-31T09:00:00Z",
   "content": "# 회의\n\n#work text", "visibility": "PROTECTED", "tags": ["work"], "pinned": true,
   "attachments": [{"name": "attachments/x", "filename": "a.png", "type": "image/png"}], "relations": [],
   "property": {"hasLink": false}, "snippet": "회의"},
  {"name": "memos/12", "state": "ARCHIVED", "createTime": "2025-01-01T00:00:00Z", "content": "", "visibility": "PRIVATE"}
], "nextPageToken": "abc"}"##;

#[test]
fn memos_of_usememos_are_imported() {
    let (memos, report) = imported(Source::Usememos, PAGE.as_bytes());
    assert_eq!(dropped(&report), ["memos/mJ3a: a.png: attachments are not imported"]);
    let [first, second] = &*memos else { panic!("two memos: {memos:?}") };
    assert_eq!((first.state.title.as_str(), first.state.content.as_str()), ("회의", "# 회의\n\n#work text"));
    assert_eq!((first.state.visibility, first.state.pinned, first.state.archived), (Visibility::Public, true, false));
    assert_eq!(tags(first), ["work"]);
    assert_eq!((first.created_at, first.updated_at), (time("2026-01-31T09:00:00Z"), time("2026-01-31T10:00:00.5Z")));
    assert_eq!((second.state.title.as_str(), second.state.archived), ("12", true));
    assert_eq!(second.state.visibility, Visibility::Private);
    assert_eq!(second.updated_at, second.created_at);
}

#[test]
fn pages_may_follow_each_other_and_an_array_is_read_too() {
    let array = r#"[{"uid": "a", "content": "x", "rowStatus": "ARCHIVED"}]"#;
    let (memos, _) = imported(Source::Usememos, format!("\u{feff}\n{PAGE}\n{array} [] {{\"memos\":[]}}\n").as_bytes());
    assert_eq!(memos.len(), 3);
    assert!(memos[2].state.archived);
    let (memos, report) = imported(Source::Usememos, br#"[{"content": "no name\nat all"}]"#);
    assert_eq!((memos.len(), dropped(&report)), (0, vec!["no name: not in the expected format".to_owned()]));
}

#[test]
fn other_files_are_refused() {
    let error = |text: &str| try_import(Source::Usememos, text.as_bytes(), &Limits::default()).expect_err(text);
    for text in ["", " \n", "<html>", "PK\u{3}\u{4}"] {
        assert!(matches!(error(text), ImportError::NotAnArchive { .. }), "{text}: {:?}", error(text));
    }
    for text in ["{\"memos\": [{\"name\": \"mem", "[", "{\"memos\""] {
        assert!(matches!(error(text), ImportError::Truncated), "{text}: {:?}", error(text));
    }
    for text in ["{}", "{\"memos\": 1}", "\"text\"", "[1]", "[{\"content\": 1}]", "[] x", &"[".repeat(1_000)] {
        assert!(matches!(error(text), ImportError::Malformed { .. }), "{text}: {:?}", error(text));
    }
}

#[test]
fn size_and_number_of_memos_are_bounded() {
    let small = Limits { entry_bytes: 400, entries: 2, ..Limits::default() };
    let memo = r#"{"name": "memos/1", "content": "text"}"#;
    let array = |count| format!("[{}]", vec![memo; count].join(","));
    assert_eq!(try_import(Source::Usememos, array(2).as_bytes(), &small).expect("imported").0.len(), 2);
    let all = Limits { entries: 100, ..small };
    assert_eq!(try_import(Source::Usememos, array(100).as_bytes(), &all).expect("imported").0.len(), 100);
    let many = try_import(Source::Usememos, array(3).as_bytes(), &small);
    assert!(matches!(many, Err(ImportError::TooManyEntries { max: 2 })));
    for large in [memo.replace("text", &"x".repeat(500)), format!("{{\"other\": [{}]}}", "1,".repeat(500))] {
        let large = try_import(Source::Usememos, format!("[{large}]").as_bytes(), &small);
        assert!(matches!(large, Err(ImportError::TooLarge { max: 400 })), "{large:?}");
    }
}

#[test]
fn error_of_the_sink_ends_the_import() {
    let full = &mut |_| Err(io::Error::from(io::ErrorKind::StorageFull));
    let ended = import(Source::Usememos, io::Cursor::new(PAGE), time(NOW), &Limits::default(), full);
    assert!(matches!(ended, Err(ImportError::Io(error)) if error.kind() == io::ErrorKind::StorageFull));
}

#[test]
fn any_change_of_a_byte_gives_an_error_or_a_report() {
    survives_changes(Source::Usememos, PAGE.as_bytes());
}

/// The id is not copied for each of them: that would be 800 GB.
#[test]
fn any_number_of_attachments_of_a_memo_with_a_long_id_is_reported() {
    let (id, attachments) = ("a".repeat(4 << 20), vec!["{}"; 200_000].join(","));
    let memo = format!("[{{\"name\": \"memos/{id}\", \"attachments\": [{attachments}]}}]");
    let (memos, report) = imported(Source::Usememos, memo.as_bytes());
    assert_eq!((memos.len(), report.dropped.len(), report.dropped_more), (1, 1_000, 199_000));
}
