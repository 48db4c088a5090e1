use std::fmt::Write;

use crate::{ImportError, Limits, Source, testing::*};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE en-export SYSTEM \"http://xml.evernote.com/pub/evernote-export4.dtd\">\n\
    <en-export export-date=\"20260201T000000Z\" application=\"Evernote\" version=\"10.100.1\">\n";

const NOTE: &str = r#"<note>
    <title>회의 &amp; &#xd55c;글</title>
    <created>20260131T090000Z</created>
    <updated>20260201T100000Z</updated>
    <tag>업무</tag><tag>중요</tag>
    <note-attributes>
      <author>alice@example.com</author>
      <application-data key="evernote.caption">Mobilize & Measure</application-data>
      <source-url>https://example.com/a</source-url>
      <reminder-time>20260401T090000Z</reminder-time>
    </note-attributes>
    <content>
      <![CDATA[<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE en-note SYSTEM "http://xml.evernote.com/pub/enml2.dtd"><en-note><div><en-todo checked="false"/>우유</div><div><b>끝</b></div></en-note>      ]]>
    </content>
    <task><title>전화</title><taskStatus>completed</taskStatus><sortWeight>B</sortWeight></task>
    <task><title>메일</title><taskStatus>open</taskStatus></task>
    <resource>
      <data encoding="base64">iVBORw0KGgo=</data>
      <mime>image/png</mime><width>1</width>
      <recognition><![CDATA[<recoIndex/>]]></recognition>
      <resource-attributes><file-name>plan.png</file-name><source-url>https://example.com/plan.png</source-url></resource-attributes>
    </resource>
    <resource><data/><mime>audio/wav</mime></resource>
  </note>"#;

fn enex(notes: &str) -> Vec<u8> {
    format!("{HEAD}{notes}\n</en-export>\n").into_bytes()
}

fn small(title: &str, content: &str) -> String {
    format!("<note><title>{title}</title><created>20260131T090000Z</created><content>{content}</content></note>")
}

#[test]
fn notes_of_evernote_are_imported() {
    let escaped = small("escaped", "&lt;en-note&gt;a &amp;lt; b&lt;/en-note&gt;");
    let (memos, report) = imported(Source::Enex, &enex(&format!("{NOTE}{escaped}<note/>")));
    assert_eq!(
        dropped(&report),
        ["회의 & 한글: plan.png: attachments are not imported", "회의 & 한글: audio/wav: attachments are not imported"]
    );
    let [first, second, empty] = &*memos else { panic!("three memos: {memos:?}") };
    assert_eq!(first.state.title.as_str(), "회의 & 한글");
    assert_eq!(
        first.state.content.as_str(),
        "- [ ] 우유\n\n**끝**\n\n- [x] 전화\n- [ ] 메일\n\n<https://example.com/a>"
    );
    assert_eq!(tags(first), ["업무", "중요"]);
    assert_eq!((first.created_at, first.updated_at), (time("2026-01-31T09:00:00Z"), time("2026-02-01T10:00:00Z")));
    assert_eq!(first.state.remind_at, Some(time("2026-04-01T09:00:00Z")));
    assert_eq!((second.state.title.as_str(), second.state.content.as_str()), ("escaped", "a < b"));
    assert_eq!((empty.state.title.as_str(), empty.created_at), ("Untitled", time(NOW)));
}

#[test]
fn same_note_has_the_same_id_in_each_file_and_others_have_others() {
    let ids = |notes: &str| imported(Source::Enex, &enex(notes)).0.iter().map(|memo| memo.id).collect::<Vec<_>>();
    let (a, b) = (small("a", "x"), small("b", "x"));
    let both = ids(&format!("{a}{b}"));
    assert_eq!(both, [ids(&small("a", "edited"))[0], ids(&b)[0]]);
    assert_eq!(ids(&format!("{b}{a}")), [both[1], both[0]]);
    let twins = ids(&format!("{a}{a}"));
    assert!(twins[0] == both[0] && twins[1] != both[0], "two notes with the same title of the same second");
    assert_eq!(ids(&format!("{a}{a}")), twins);
}

#[test]
fn attachments_are_skipped_whatever_their_size() {
    let limits = Limits { entry_bytes: 4_000, ..Limits::default() };
    let resource =
        format!("<resource><data encoding=\"base64\">{}</data><mime>x/y</mime></resource>", "AAAA\n".repeat(100_000));
    let note = NOTE.replacen("<resource>", &format!("{resource}<resource>"), 1);
    let (memos, report) = try_import(Source::Enex, &enex(&note), &limits).expect("imported");
    assert_eq!((memos.len(), report.dropped.len()), (1, 3));
}

#[test]
fn other_and_incomplete_files_are_refused() {
    let error = |text: &[u8]| try_import(Source::Enex, text, &Limits::default()).expect_err("refused");
    for text in ["", "text", "<html/>", "<note></note>", "PK\u{3}\u{4}", "<?xml version=\"1.0\"?>", "{}"] {
        assert!(
            matches!(error(text.as_bytes()), ImportError::NotAnArchive { .. }),
            "{text}: {:?}",
            error(text.as_bytes())
        );
    }
    let whole = enex(NOTE);
    for length in [HEAD.len(), HEAD.len() + 20, whole.len() / 2, whole.len() - 20, whole.len() - 4] {
        let error = error(&whole[..length]);
        assert!(matches!(error, ImportError::Truncated), "{length}: {error:?}");
    }
    assert!(matches!(error(&enex("<note><title>a</tag></title></note>")), ImportError::Malformed { .. }));
    assert!(matches!(
        error(
            &enex("<note><title>\u{fffd}</title></note>")
                .iter()
                .map(|byte| if *byte == 0xef { 0xff } else { *byte })
                .collect::<Vec<_>>()
        ),
        ImportError::Malformed { .. }
    ));
}

#[test]
fn size_depth_and_number_of_notes_are_bounded() {
    let limits = Limits { entry_bytes: 1_000, entries: 3, total_bytes: 2_000, ..Limits::default() };
    let refused = |notes: &str| try_import(Source::Enex, &enex(notes), &limits).expect_err("refused");
    let large = small("a", &"x".repeat(1_001));
    assert!(matches!(refused(&large), ImportError::TooLarge { max: 1_000 }));
    let in_parts = small("a", &"<![CDATA[xxxxxxxxxx]]>".repeat(101));
    assert!(matches!(refused(&in_parts), ImportError::TooLarge { max: 1_000 }));
    assert!(matches!(refused(&small("a", "x").repeat(4)), ImportError::TooManyEntries { max: 3 }));
    assert!(matches!(refused(&small("a", &"x".repeat(900)).repeat(3)), ImportError::TooLarge { max: 2_000 }));
    // Elements without a text.
    for element in ["<tag/>", "<task/>"] {
        let note = format!("<note>{}</note>", element.repeat(20));
        assert!(matches!(refused(&note), ImportError::TooLarge { max: 1_000 }), "{element}");
    }
    assert!(matches!(
        refused(&format!("{}{}", "<note>".repeat(32), "</note>".repeat(32))),
        ImportError::Malformed { .. }
    ));
}

#[test]
fn note_that_cannot_be_converted_is_reported_and_entities_stay_as_they_are() {
    let mut notes = small("broken", "<![CDATA[<en-note><div]]>");
    let _ = write!(notes, "{}", small("deep", &format!("<![CDATA[{}]]>", "<div>".repeat(200))));
    let laughs = format!(
        "<!DOCTYPE en-export [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><en-export>{notes}{}</en-export>",
        small("&b;", "&b;")
    );
    let (memos, report) = imported(Source::Enex, laughs.as_bytes());
    assert_eq!(dropped(&report), ["broken: not in the expected format", "deep: nested too deeply"]);
    assert_eq!((memos[0].state.title.as_str(), memos[0].state.content.as_str()), ("&b;", r"\&b;"));
}

#[test]
fn any_change_of_a_byte_gives_an_error_or_a_report() {
    survives_changes(Source::Enex, &enex(&small("a", "<![CDATA[<en-note><ul><li>&lt;a</li></ul></en-note>]]>")));
}

/// The name of the note is not copied for each of them: that would be 800 GB.
#[test]
fn any_number_of_attachments_of_a_note_with_a_long_title_is_reported() {
    let note = format!("<note><title>{}</title>{}</note>", "a".repeat(4 << 20), "<resource/>".repeat(200_000));
    let (memos, report) = imported(Source::Enex, &enex(&note));
    // The title is the content of several.
    assert_eq!((memos.len() > 1, report.dropped.len(), report.dropped_more), (true, 1_000, 199_000));
    assert_eq!(report.dropped[0].name, "a".repeat(200));
}
