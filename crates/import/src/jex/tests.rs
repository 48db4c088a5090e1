use crate::{ImportError, Limits, Source, tar::tests::entry, testing::*};

const NOTE: &str = "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a";
const TODO: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";
const NOTEBOOK: &str = "3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a";
const TAG: &str = "4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a";
const IMAGE: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

fn archive(items: &[(String, String)]) -> Vec<u8> {
    let mut tar: Vec<u8> = items.iter().flat_map(|(name, text)| entry(name, b'0', text.as_bytes())).collect();
    tar.extend([0; 1024]);
    tar
}

fn note(id: &str, head: &str, more: &str) -> (String, String) {
    let fields = format!(
        "id: {id}\nparent_id: {NOTEBOOK}\ncreated_time: 2026-01-31T09:00:00.123Z\nupdated_time: 2026-02-01T09:00:00.000Z\n\
         is_conflict: 0\nlatitude: 0.00000000\nauthor: \nsource_url: \nuser_created_time: 2026-01-30T09:00:00.123Z\n\
         user_updated_time: 2026-02-02T09:00:00.000Z\nencryption_applied: 0\nmarkup_language: 1\n{more}type_: 1"
    );
    (format!("{id}.md"), format!("{head}{fields}"))
}

#[test]
fn notes_of_joplin_are_imported() {
    let tar = archive(&[
        note(
            NOTE,
            &format!("회의록\n\n첫 줄\n\n![그림](:/{IMAGE})\n\n끝: 마지막\n\n"),
            "is_todo: 0\ntodo_due: 0\ntodo_completed: 0\ndeleted_time: 0\n",
        ),
        note(
            TODO,
            "우유\n\n",
            "is_todo: 1\ntodo_due: 1772000000000\ntodo_completed: 0\nsource_url: x\ndeleted_time: 1769850000000\n",
        ),
        (format!("{NOTEBOOK}.md"), format!("업무\n\nid: {NOTEBOOK}\nparent_id: \ntype_: 2")),
        (format!("{TAG}.md"), format!("중요\n\nid: {TAG}\nparent_id: \ntype_: 5")),
        (
            "6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a.md".into(),
            format!("id: 6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a\nnote_id: {NOTE}\ntag_id: {TAG}\ntype_: 6"),
        ),
        (format!("{IMAGE}.md"), format!("plan.png\n\nid: {IMAGE}\nmime: image/png\ntype_: 4")),
        (format!("resources/{IMAGE}.png"), "PNG".into()),
        ("7a.md".into(), "id: 7a\ntype_: 13".into()),
        ("readme.md".into(), "# Read me".into()),
        note("8a8a8a8a8a8a8a8a8a8a8a8a8a8a8a8a", "", "encryption_cipher_text: JED01\n").into_encrypted(),
    ]);
    let (memos, report) = imported(Source::Jex, &tar);
    assert_eq!(
        dropped(&report),
        [
            "plan.png: attachments are not imported",
            "readme.md: not in the expected format",
            "8a8a8a8a8a8a8a8a8a8a8a8a8a8a8a8a.md: encrypted"
        ]
    );
    let [first, todo] = &*memos else { panic!("two memos: {memos:?}") };
    assert_eq!(first.state.title.as_str(), "회의록");
    assert_eq!(first.state.content.as_str(), format!("첫 줄\n\n![그림](:/{IMAGE})\n\n끝: 마지막"));
    assert_eq!(tags(first), ["업무", "중요"]);
    assert_eq!(first.created_at, time("2026-01-30T09:00:00.123Z"));
    assert_eq!(first.updated_at, time("2026-02-02T09:00:00Z"));
    assert_eq!((first.deleted_at, first.state.remind_at), (None, None));
    assert_eq!((todo.state.title.as_str(), todo.state.content.as_str()), ("우유", "- [ ] 우유"));
    assert_eq!(todo.state.remind_at, Some(time("2026-02-25T06:13:20Z")));
    assert_eq!(todo.deleted_at, Some(time(NOW)));
    assert_eq!(imported(Source::Jex, &tar).0, memos);
}

trait IntoEncrypted {
    fn into_encrypted(self) -> Self;
}

impl IntoEncrypted for (String, String) {
    fn into_encrypted(self) -> Self {
        (self.0, self.1.replace("encryption_applied: 0", "encryption_applied: 1"))
    }
}

#[test]
fn finished_todo_has_a_mark_and_no_reminder() {
    let fields =
        "is_todo: 1\ntodo_due: 1772000000000\ntodo_completed: 1769850000000\nsource_url: https://example.com\n";
    let (name, text) = note(TODO, "a\n\nbody\n\n", fields);
    let (memos, _) = imported(Source::Jex, &archive(&[(name, text.replace("source_url: \n", ""))]));
    assert_eq!(memos[0].state.content.as_str(), "- [x] a\n\nbody\n\n<https://example.com>");
    assert_eq!(memos[0].state.remind_at, None);
}

#[test]
fn notes_that_are_too_large_and_links_are_reported() {
    let limits = Limits { entry_bytes: 1_000, ..Limits::default() };
    let mut tar = entry("link.md", b'2', b"");
    tar.extend(archive(&[note(NOTE, &format!("a\n\n{}\n\n", "b".repeat(1_000)), ""), note(TODO, "a\n\n", "")]));
    let (memos, report) = try_import(Source::Jex, &tar, &limits).expect("imported");
    assert_eq!(memos.len(), 1);
    assert_eq!(
        dropped(&report),
        ["link.md: a link, not a file".to_owned(), format!("{NOTE}.md: larger than 1000 bytes")]
    );
    for other in [b"PK\x03\x04".to_vec(), archive(&[("readme.md".into(), "# Read me".into())])] {
        assert!(matches!(try_import(Source::Jex, &other, &limits), Err(ImportError::NotAnArchive { .. })));
    }
}

#[test]
fn any_change_of_a_byte_gives_an_error_or_a_report() {
    let (_, note) = note(NOTE, "a\n\nb\n\n", "is_todo: 1\n");
    survives_changes(Source::Jex, &archive(&[(format!("{NOTE}.md"), note), ("a.png".into(), "b".into())]));
}

/// They are not copied for each of them: that would be 400 million.
#[test]
fn notes_that_share_an_id_share_no_more_tags_than_are_looked_at() {
    let link = |number| {
        let id = format!("{:032x}", (1_u128 << 64) + number);
        (format!("{id}.md"), format!("id: {id}\nnote_id: {NOTE}\ntag_id: {TAG}\ntype_: 6"))
    };
    let mut items = vec![(format!("{TAG}.md"), format!("중요\n\nid: {TAG}\nparent_id: \ntype_: 5"))];
    items.extend((0..20_000).map(link));
    items.extend((0..20_000).map(|number| (format!("{number}.md"), note(NOTE, "회의록\n\n", "").1)));
    let (memos, report) = imported(Source::Jex, &archive(&items));
    assert_eq!((memos.len(), report.dropped.len()), (20_000, 0));
    assert_eq!(tags(&memos[19_999]), ["중요"]);
}
