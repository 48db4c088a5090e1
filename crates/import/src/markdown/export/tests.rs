use std::io::{Cursor, Read};

use memo_domain::{Content, MemoId, MemoState, Tag, Tags, Timestamp, Title, Uuid, Visibility};
use proptest::prelude::*;

use super::*;
use crate::{Source, testing::*};

fn memo(id: u128, title: &str, content: &str) -> MemoRecord {
    let id = (id & !(0xf << 76) & !(0x3 << 62)) | (0x7 << 76) | (0x2 << 62);
    MemoRecord {
        id: MemoId::new(Uuid::from_u128(id)),
        state: MemoState::new(Title::new(title).expect("a title"), Content::new(content).expect("a content")),
        reminded_at: None,
        created_at: time("2026-01-31T23:59:59.123456Z"),
        updated_at: time("2026-02-01T00:00:00.5Z"),
        deleted_at: None,
    }
}

fn exported(memos: &[MemoRecord]) -> Vec<u8> {
    let mut zip = MarkdownZip::new(Vec::new());
    for memo in memos {
        zip.append(memo).expect("written");
    }
    zip.finish().expect("finished")
}

fn names(zip: &[u8]) -> Vec<String> {
    let mut archive = ::zip::ZipArchive::new(Cursor::new(zip)).expect("an archive");
    (0..archive.len())
        .map(|index| archive.by_index(index).expect("an entry").name().expect("a name").into_owned())
        .collect()
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0..time(NOW).as_micros()).prop_map(Timestamp::from_micros)
}

prop_compose! {
    fn any_state()(
        title in prop_oneof![any::<String>(), "[ #'\":\\\\가-힣a-z😀\u{2028}.-]{1,200}"]
            .prop_filter_map("a title", |text| Title::new(text).ok()),
        content in prop_oneof![
            any::<String>(),
            "(---\r?\n|\\.\\.\\.\n|id: x\n|title: y\r\n|[가-힣]|😀|\u{feff}|\n| |# a\n|~~~\n){0,12}",
        ].prop_filter_map("a content", |text| Content::new(text).ok()),
        tags in prop::collection::vec(prop_oneof!["[#a-z,'\"\\[\\]: ]{1,9}", any::<String>()], 0..5),
        pinned in any::<bool>(),
        archived in any::<bool>(),
        is_public in any::<bool>(),
        remind_at in prop::option::of(any_time()),
    ) -> MemoState {
        let visibility = if is_public { Visibility::Public } else { Visibility::Private };
        let tags = Tags::new(tags.iter().filter_map(|tag| Tag::new(tag).ok())).expect("few tags");
        MemoState { tags, pinned, archived, visibility, remind_at, ..MemoState::new(title, content) }
    }
}

prop_compose! {
    fn any_memo()(
        id in any::<u128>(),
        state in any_state(),
        reminded_at in prop::option::of(any_time()),
        times in prop::collection::vec(any_time(), 3),
        is_trashed in any::<bool>(),
    ) -> MemoRecord {
        let mut times = times;
        times.sort();
        let deleted_at = is_trashed.then_some(times[2]);
        MemoRecord { state, reminded_at, created_at: times[0], updated_at: times[1], deleted_at, ..memo(id, "a", "") }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn export_is_imported_as_the_same_memos(memos in prop::collection::vec(any_memo(), 0..4)) {
        let (imported, report) = imported(Source::Markdown, &exported(&memos));
        prop_assert_eq!(imported, memos);
        prop_assert!(report.dropped.is_empty());
    }
}

#[test]
fn file_has_all_fields_before_the_content() {
    let mut memo = memo(11, "a \"b\"", "---\r\nx: y\n---\ntext");
    memo.state.tags = Tags::new(["to do", "업무"].map(|tag| Tag::new(tag).expect("a tag"))).expect("few");
    memo.state.remind_at = Some(time("2026-05-01T00:00:00Z"));
    memo.deleted_at = Some(time("2026-02-02T00:00:00Z"));
    assert_eq!(
        file(&memo),
        "---\nid: 00000000-0000-7000-8000-00000000000b\ntitle: \"a \\\"b\\\"\"\ntags: [\"to do\", \"업무\"]\n\
         created: 2026-01-31T23:59:59.123456Z\nupdated: 2026-02-01T00:00:00.500Z\npinned: false\narchived: false\n\
         visibility: private\nremind_at: 2026-05-01T00:00:00Z\ndeleted_at: 2026-02-02T00:00:00Z\n---\n\
         ---\r\nx: y\n---\ntext"
    );
}

#[test]
fn names_are_unique_and_fit_any_file_system() {
    let titles = ["a/b", "A/B", "a:b", "a b.", "a b", "...", "../x", "가", "\u{1100}\u{1161}", "a_b (2)", "CON"];
    let memos: Vec<_> = titles.iter().zip(1..).map(|(title, id)| memo(id, title, "")).collect();
    let found = names(&exported(&memos));
    let expected = [
        "a_b.md",
        "A_B (2).md",
        "a_b (3).md",
        "a b.md",
        "a b (2).md",
        "....md",
        ".._x.md",
        "가.md",
        "\u{1100}\u{1161} (2).md",
        "a_b (2) (2).md",
        "CON.md",
    ];
    let expected: Vec<_> = expected.iter().map(|name| format!("2026-01-31 {name}").replace(" ....md", ".md")).collect();
    assert_eq!(found, expected);
    let long = names(&exported(&[memo(1, &"가".repeat(200), ""), memo(2, &"가".repeat(200), "")]));
    assert!(long.iter().all(|name| (150..=200).contains(&name.len())) && long[0] != long[1], "{long:?}");
}

#[test]
fn names_of_many_memos_with_one_title_are_numbered() {
    let memo = memo(1, "same", "");
    let mut names = Names::default();
    let found: std::collections::HashSet<_> = (0..2_000).map(|_| names.unique(&file_name(&memo))).collect();
    assert_eq!(found.len(), 2_000);
    assert!(found.contains("2026-01-31 same (2000).md"));
}

#[test]
fn other_programs_read_the_archive() {
    let content = "회의 😀\r\n".repeat(1_000);
    let zip = exported(&[memo(1, "a", &content), memo(2, "가", "")]);
    assert!(zip.len() < content.len() / 2, "it is compressed");
    let mut archive = ::zip::ZipArchive::new(Cursor::new(&*zip)).expect("an archive");
    let mut entry = archive.by_name("2026-01-31 a.md").expect("an entry");
    assert_eq!(entry.last_modified().map(|time| time.to_string()).as_deref(), Some("2026-02-01 00:00:00"));
    assert_eq!(entry.unix_mode(), Some(0o100_644));
    let mut text = String::new();
    entry.read_to_string(&mut text).expect("the data and the checksum");
    assert!(text.ends_with(&content));
    drop(entry);
    assert_eq!(names(&exported(&[])), [""; 0]);
}

#[test]
fn output_may_be_drained_between_memos_and_an_unfinished_archive_is_none() {
    let mut zip = MarkdownZip::new(Vec::new());
    let mut whole = Vec::new();
    for id in 1..4 {
        zip.append(&memo(id, "a", "text")).expect("written");
        whole.append(zip.output_mut());
        assert!(matches!(
            try_import(Source::Markdown, &whole, &crate::Limits::default()),
            Err(crate::ImportError::Truncated)
        ));
    }
    whole.extend(zip.finish().expect("finished"));
    assert_eq!(imported(Source::Markdown, &whole).0.len(), 3);
}

#[test]
fn error_of_the_output_is_passed_on() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = MarkdownZip::new(Full).append(&memo(1, "a", "")).expect_err("full");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

/// An export of a server waits for its client between the memos.
#[test]
fn writer_may_move_between_threads() {
    const fn is_send<T: Send>() {}
    is_send::<MarkdownZip<Vec<u8>>>();
}
