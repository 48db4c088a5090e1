//! Archives: `POST /api/v1/me/import?from=` and `GET /api/v1/me/export?format=markdown`. What each source means for a memo is tested
//! in `crates/import`.

use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};
use serde_json::{Value, json};

use crate::{Actor, Call, Response, TestApp};

pub(super) const ZIP: &str = "application/zip";

/// A file of a zip archive.
pub(super) struct File<'f> {
    name: &'f str,
    data: &'f [u8],
    is_encrypted: bool,
}

pub(super) const fn file<'f>(name: &'f str, data: &'f [u8]) -> File<'f> {
    File { name, data, is_encrypted: false }
}

fn numbers<const N: usize>(numbers: [u32; N]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn short_numbers<const N: usize>(numbers: [u16; N]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A zip archive (APPNOTE.TXT, section 4.3).
pub(super) fn zip(files: &[File<'_>]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for File { name, data, is_encrypted } in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).expect("compressed");
        let packed = encoder.finish().expect("compressed");
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a small file");
        // UTF-8; deflated; 2026-01-01.
        let flags = 0x0800 | u16::from(*is_encrypted);
        let mut common = short_numbers([20, flags, 8, 0, 0x5c21]);
        common.extend(numbers([crc32fast::hash(data), size(&packed), size(data)]));
        common.extend(short_numbers([u16::try_from(name.len()).expect("a short name"), 0]));
        directory
            .extend([b"PK\x01\x02\x14\x00", &*common, &[0; 10], &numbers([size(&bytes)]), name.as_bytes()].concat());
        bytes.extend([b"PK\x03\x04", &*common, name.as_bytes(), &packed].concat());
    }
    let count = u16::try_from(files.len()).expect("a few files");
    let [size, start] = [&directory, &bytes].map(|bytes| u32::try_from(bytes.len()).expect("small"));
    bytes.extend(directory);
    bytes.extend([b"PK\x05\x06\0\0\0\0", &*short_numbers([count, count]), &numbers([size, start]), &[0; 2]].concat());
    bytes
}

/// A zip archive that claims to have this number of entries.
fn zip_of_many(entries: u64) -> Vec<u8> {
    let [size, start] = [entries * 46, 0].map(u64::to_le_bytes);
    let mut bytes = [b"PK\x06\x06", &44_u64.to_le_bytes()[..], &short_numbers([45, 45]), &[0; 8]].concat();
    bytes.extend([entries.to_le_bytes(), entries.to_le_bytes(), size, start].concat());
    bytes.extend([b"PK\x06\x07", &[0; 12][..], &[1, 0, 0, 0]].concat());
    bytes.extend([b"PK\x05\x06\0\0\0\0", &[0xff; 12][..], &[0; 2]].concat());
    bytes
}

pub(super) fn import(user: &Actor, kind: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Call {
    user.call("POST", "/api/v1/me/import").query(&[("from", kind)]).body(media_type, body)
}

pub(super) fn counts(report: &Response) -> [u64; 3] {
    ["created", "updated", "kept"].map(|name| report[name].as_u64().expect("a number"))
}

/// The memos of an export, sorted by id, without what only this server says of them.
async fn memos(user: &Actor) -> Vec<Value> {
    let export = user.get("/api/v1/me/export").await.expect_status(200);
    let lines = export.body.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut memos: Vec<_> = lines.filter(|line| line["kind"] == "memo").collect();
    memos.sort_by_key(|memo| memo["id"].to_string());
    for memo in &mut memos {
        memo.as_object_mut().expect("an object").remove("version");
    }
    memos
}

const ENEX: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><en-export><note><title>Evernote</title><created>20260131T090000Z</created>\
    <content><![CDATA[<en-note><div>text</div></en-note>]]></content></note></en-export>";
const USEMEMOS: &str = r##"[{"name": "memos/1", "content": "# usememos", "createTime": "2026-01-31T09:00:00Z",
    "attachments": [{"name": "attachments/x", "filename": "a.png"}]}]"##;
const KEEP: &str = r#"{"title": "Keep", "textContent": "text", "createdTimestampUsec": 1735689600000001, "userEditedTimestampUsec": 1735689600000001,
    "attachments": [{"filePath": "a.png", "mimetype": "image/png"}]}"#;
const JOPLIN: &str = "Joplin\n\ntext\n\nid: 1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\nparent_id: \ncreated_time: 2026-01-31T09:00:00.123Z\nupdated_time: \
    2026-01-31T09:00:00.123Z\nis_conflict: 0\nmarkup_language: 1\ntype_: 1";

/// A tar archive (POSIX.1, ustar) of one file.
fn tar(name: &str, text: &str) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", text.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = text.len().next_multiple_of(512) - text.len() + 1_024;
    [&header[..], text.as_bytes(), &vec![0; padding]].concat()
}

pub async fn archive_of_each_kind_is_imported_with_its_media_type(app: TestApp) {
    let alice = app.user("alice").await;
    let vault = zip(&[file("회의.md", "# 회의".as_bytes()), file("../up.md", b"up"), file("그림/a.png", b"PNG")]);
    let keep = zip(&[file("Takeout/Keep/a.json", KEEP.as_bytes()), file("Takeout/Keep/a.png", b"PNG")]);
    let kinds = [
        ("markdown", ZIP, vault, vec!["../up.md", "그림/a.png"]),
        ("keep", ZIP, keep, vec!["Keep: a.png"]),
        ("enex", "application/xml", ENEX.into(), vec![]),
        ("usememos", "application/json", USEMEMOS.into(), vec!["memos/1: a.png"]),
        ("jex", "application/x-tar", tar("1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a.md", JOPLIN), vec![]),
    ];
    for (kind, media_type, archive, dropped) in kinds {
        let report = import(&alice, kind, media_type, archive.clone()).await.expect_status(200);
        assert_eq!(counts(&report), [1, 0, 0], "{kind}");
        let listed = report["dropped"].as_array().expect("a list");
        let names: Vec<_> = listed.iter().filter_map(|dropped| dropped["name"].as_str()).collect();
        assert_eq!(names, dropped, "{kind}");
        assert!(listed.iter().all(|dropped| dropped["reason"].is_string()) && report["dropped_more"] == 0);
        let again = import(&alice, kind, "application/octet-stream", archive.clone()).await.expect_status(200);
        assert_eq!(counts(&again), [0, 0, 1], "{kind}");
        for other in ["application/x-ndjson", "text/markdown", if media_type == ZIP { "text/xml" } else { ZIP }] {
            let refused = import(&alice, kind, other, archive.clone()).await.expect_status(415);
            refused.problem("unsupported_media_type");
        }
    }
    let mut titles = alice.titles(&[]).await;
    titles.sort();
    assert_eq!(titles, ["Evernote", "Joplin", "Keep", "usememos", "회의"]);
    assert_eq!(alice.found("회의").await, ["회의"]);
    import(&alice, "onenote", ZIP, []).await.invalid_parameter("from", "invalid_choice");
    let lines = alice.call("POST", "/api/v1/me/import").body(ZIP, []).await;
    lines.problem("unsupported_media_type").expect_header("accept", "application/x-ndjson");
}

pub async fn hostile_archive_is_a_problem_and_imports_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let good = file("good.md", b"# good");
    let bomb = vec![b'a'; 2 << 20];
    let whole = zip(&[good, file("b.md", b"b")]);
    let good = || file("good.md", b"# good");
    let mut wrong_directory = whole.clone();
    let entry = wrong_directory.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").expect("a directory");
    wrong_directory[entry] = b'X';
    let encrypted = zip(&[good(), File { is_encrypted: true, ..file("secret.md", b"secret") }]);
    let half_enex = &ENEX.as_bytes()[..ENEX.len() - 20];
    let two_notes = format!("{}{}", "[{\"name\": \"memos/1\", \"content\": \"a\"},", "{\"name\": \"memos/2\", \"con");
    for (kind, archive, status, code) in [
        ("markdown", b"".to_vec(), 422, "archive_not_recognized"),
        ("keep", ENEX.into(), 422, "archive_not_recognized"),
        ("jex", whole.clone(), 422, "archive_not_recognized"),
        ("markdown", whole[..whole.len() - 30].to_vec(), 422, "archive_truncated"),
        ("enex", half_enex.to_vec(), 422, "archive_truncated"),
        ("usememos", two_notes.into(), 422, "archive_truncated"),
        ("markdown", wrong_directory, 422, "archive_damaged"),
        ("markdown", encrypted, 422, "archive_encrypted"),
        ("markdown", zip(&[good(), file("bomb.md", &bomb)]), 413, "archive_ratio_too_high"),
        ("markdown", zip_of_many(100_001), 413, "archive_too_many_entries"),
    ] {
        let refused = import(&alice, kind, "application/octet-stream", archive).await;
        assert_eq!((refused.status, &refused["code"]), (status, &json!(code)), "{kind}: {}", refused["code"]);
        if status == 422 {
            assert_eq!(refused.errors(), [("pointer", "", "malformed")]);
        }
        refused.problem(code);
    }
    assert_eq!(memos(&alice).await, Vec::<Value>::new());
    // The next import need not wait.
    assert_eq!(counts(&import(&alice, "markdown", ZIP, whole).await.expect_status(200)), [2, 0, 0]);
}

pub async fn dry_run_reports_and_changes_nothing(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let of_bob = bob.memo("Bob's").await;
    let line = |id: &str, title: &str| {
        let line = json!({"kind": "memo", "id": id, "title": title, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z"});
        line.to_string()
    };
    let kept = alice.memo("kept").await;
    let body =
        [line(&of_bob, "Bob's"), line(&kept, "old"), line("0198c0de-7f00-7000-8000-0000000000f1", "new")].join("\n");
    let import_lines = |dry_run: &str, lines: String| {
        alice.call("POST", "/api/v1/me/import").query(&[("dry_run", dry_run)]).body("application/x-ndjson", lines)
    };
    let before = (memos(&alice).await, alice.changes(0).await.json);
    let dry = import_lines("true", body.clone()).await.expect_status(200);
    assert_eq!(counts(&dry), [2, 0, 1]);
    let vault = zip(&[file("a.md", b"a"), file("b.png", b"b")]);
    let dry_vault = import(&alice, "markdown", ZIP, vault.clone()).query(&[("dry_run", "true")]);
    let dry_vault = dry_vault.await.expect_status(200);
    assert_eq!(counts(&dry_vault), [1, 0, 0]);
    assert_eq!((memos(&alice).await, alice.changes(0).await.json), before);
    // It says what is then done.
    assert_eq!(import_lines("false", body).await.expect_status(200).json, dry.json);
    assert_eq!(import(&alice, "markdown", ZIP, vault).await.expect_status(200).json, dry_vault.json);
    let invalid = import_lines("true", line("7", "bad")).await;
    invalid.expect_status(422).invalid("/0/id", "malformed");
}

pub async fn markdown_export_imports_unchanged(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let full = json!({"title": "주간: \"회의록\"", "content": "---\ntitle: x\n---\r\n# 안건\r\n", "tags": ["#a", "b c"], "pinned": true,
        "archived": true, "visibility": "public", "remind_at": "2026-02-01T09:00:00Z"});
    alice.create_memo(&full).await.expect_status(201);
    for n in 0..150 {
        alice.create_memo(&json!({"title": "same", "content": format!("{n}")})).await.expect_status(201);
    }
    let trashed = alice.memo("trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let before = memos(&alice).await;
    let export = alice.get("/api/v1/me/export").query(&[("format", "markdown")]).await.expect_status(200);
    assert_eq!(export.media_type(), Some(ZIP));
    let name = "attachment; filename=\"memo-export.zip\"";
    let zip = export.expect_header("content-disposition", name).expect_header("cache-control", "no-store").body;
    let of_bob = import(&bob, "markdown", ZIP, zip.clone()).await.expect_status(200);
    assert_eq!(of_bob["reassigned"].as_array().map(Vec::len), Some(before.len()));
    for memo in &before {
        alice.delete_memo_for_good(memo["id"].as_str().expect("an id")).await.expect_empty(204);
    }
    assert_eq!(counts(&import(&alice, "markdown", ZIP, zip).await.expect_status(200)), [before.len() as u64, 0, 0]);
    assert_eq!(memos(&alice).await, before);
    alice.get("/api/v1/me/export").query(&[("format", "pdf")]).await.invalid_parameter("format", "invalid_choice");
    let head = alice.call("HEAD", "/api/v1/me/export").query(&[("format", "markdown")]).await.expect_empty(200);
    assert_eq!(head.header("content-disposition"), Some(name));
}
