use crate::{ImportError, Limits, Source, testing::*};

const NOTE: &str = r#"{
  "color": "DEFAULT", "isTrashed": false, "isPinned": true, "isArchived": false,
  "annotations": [
    {"description": "A page", "source": "WEBLINK", "title": "Example [1]", "url": "https://example.com/a(b)"},
    {"description": "", "source": "WEBLINK", "title": "Seen", "url": "https://example.com/seen"}
  ],
  "attachments": [{"filePath": "18a.3f.png", "mimetype": "image/png"}],
  "textContent": "첫 줄\n# 둘째 https://example.com/seen",
  "textContentHtml": "<p>첫 줄</p>",
  "title": "장보기 \ud83d\uded2",
  "userEditedTimestampUsec": 1769850000123456,
  "createdTimestampUsec": 1735689600000001,
  "labels": [{"name": "집"}, {"name": "to do"}],
  "sharees": [{"isOwner": true, "type": "WRITER", "email": "alice@example.com"}]
}"#;

const LIST: &str = r#"{"color":"RED","isTrashed":true,"isPinned":false,"isArchived":true,"title":"",
  "listContent":[{"textHtml":"<p>우유</p>","text":"우유","isChecked":false},{"text":"달걀\n10개","isChecked":true}],
  "userEditedTimestampUsec":"1735689600000001","createdTimestampUsec":1735689600000001}"#;

#[test]
fn notes_of_keep_are_imported() {
    let archive = zip_of(&[
        ("Takeout/Keep/장보기.json", NOTE.as_bytes()),
        ("Takeout/Keep/장보기.html", b"<html>"),
        ("Takeout/Keep/2025-01-01T00_00_00.000Z.json", LIST.as_bytes()),
        ("Takeout/Keep/18a.3f.png", b"\x89PNG"),
        ("Takeout/Keep/Labels.txt", "집\nto do\n".as_bytes()),
        ("Takeout/archive_browser.html", b"<html>"),
        ("Takeout/Keep/broken.json", b"{\"textContent\": "),
        ("Takeout/Tasks/Tasks.json", b"{\"kind\": \"tasks#taskLists\"}"),
    ]);
    let (memos, report) = imported(Source::Keep, &archive);
    assert_eq!(
        dropped(&report),
        [
            "장보기: 18a.3f.png: attachments are not imported",
            "Takeout/Keep/broken.json: not in the expected format",
            "Takeout/Tasks/Tasks.json: not in the expected format"
        ]
    );
    let [note, list] = &*memos else { panic!("two memos: {memos:?}") };
    assert_eq!(note.state.title.as_str(), "장보기 🛒");
    assert_eq!(
        note.state.content.as_str(),
        "첫 줄\n# 둘째 https://example.com/seen\n\n[Example  1 ](<https://example.com/a(b)>)"
    );
    assert_eq!(tags(note), ["집", "to do"]);
    assert!(note.state.pinned && !note.state.archived && note.deleted_at.is_none());
    assert_eq!(note.created_at.to_string(), "2025-01-01T00:00:00.000001Z");
    assert_eq!(note.updated_at.to_string(), "2026-01-31T09:00:00.123456Z");
    assert!(note.id.to_string().starts_with("01941f29-7c00-7"), "{}", note.id);

    assert_eq!(list.state.title.as_str(), "우유");
    assert_eq!(list.state.content.as_str(), "- [ ] 우유\n- [x] 달걀\n  10개\n");
    assert!(list.state.archived);
    assert_eq!(list.deleted_at, Some(time(NOW)), "the trash counts from the import");
}

#[test]
fn note_has_the_same_id_in_each_archive() {
    let id = |name, text: &str| imported(Source::Keep, &zip_of(&[(name, text.as_bytes())])).0[0].id;
    let first = id("Takeout/Keep/a.json", NOTE);
    // In another language, and edited.
    assert_eq!(first, id("테이크아웃/Keep/a.json", &NOTE.replace("1769850000123456", "1769850000999999")));
    assert_ne!(first, id("Takeout/Keep/b.json", NOTE));
}

#[test]
fn archive_without_notes_is_refused() {
    for files in [&[("a.md", b"# a".as_slice())][..], &[("Takeout/Tasks/Tasks.json", b"{}")], &[]] {
        let refused = try_import(Source::Keep, &zip_of(files), &Limits::default());
        assert!(matches!(refused, Err(ImportError::NotAnArchive { .. })), "{refused:?}");
    }
}

#[test]
fn links_of_a_note_beyond_the_first_ones_are_reported() {
    let links: Vec<_> = (0..200_000).map(|number| format!("{{\"url\":\"http://{number:06}/\"}}")).collect();
    let note = format!("{{\"textContent\": \"\", \"annotations\": [{}]}}", links.join(","));
    let (memos, report) = imported(Source::Keep, &zip_of(&[("Takeout/Keep/a.json", note.as_bytes())]));
    let content = memos[0].state.content.as_str();
    assert!(content.contains("http://000099/") && !content.contains("http://000100/"), "{content}");
    assert_eq!(dropped(&report)[0], "a: http://000100/: attachments are not imported");
    assert_eq!(report.dropped.len() as u64 + report.dropped_more, 199_900);
}
