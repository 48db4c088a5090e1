use std::fs;

use memo_domain::{MemoId, Visibility};

use crate::{ImportError, Limits, MemoRecord, Source, import_folder, testing::*};

fn note(name: &str, text: &str) -> MemoRecord {
    let (mut memos, report) = imported(Source::Markdown, &zip_of(&[(name, text.as_bytes())]));
    assert_eq!(dropped(&report), [""; 0]);
    memos.remove(0)
}

#[test]
fn vault_of_obsidian_is_imported() {
    let text = "---\ntitle: \"회의: 1월\"\ntags:\n  - 업무\n  - '#주간'\naliases: [a, b]\ncreated: 2026-01-31T09:00\n\
                modified: 2026-02-01 10:00:30\ncssclasses:\n  - wide\npinned: yes\narchived: true\n---\n# Heading\n\n[[link]] #inline\n";
    let archive = zip_of(&[
        ("Vault/회의.md", text.as_bytes()),
        ("Vault/.obsidian/app.json", b"{}"),
        ("Vault/.trash/old.md", b"old"),
        ("__MACOSX/Vault/._a.md", b"x"),
        ("Vault/img/a.png", b"PNG"),
        ("Vault/plain.markdown", b"just text"),
        ("Vault/binary.md", b"\xff\xff\0"),
    ]);
    let (memos, report) = imported(Source::Markdown, &archive);
    assert_eq!(
        dropped(&report),
        [
            "Vault/img/a.png: attachments are not imported",
            "Vault/binary.md: the text is neither UTF-8 nor UTF-16 nor EUC-KR"
        ]
    );
    let [first, plain] = &*memos else { panic!("two memos: {memos:?}") };
    assert_eq!(first.state.title.as_str(), "회의: 1월");
    assert_eq!(tags(first), ["업무", "주간"]);
    assert_eq!((first.created_at, first.updated_at), (time("2026-01-31T09:00:00Z"), time("2026-02-01T10:00:30Z")));
    assert!(first.state.pinned && first.state.archived);
    assert_eq!(
        first.state.content.as_str(),
        "---\naliases: [a, b]\ncssclasses:\n  - wide\n---\n# Heading\n\n[[link]] #inline\n",
        "what a memo has no field for stays"
    );
    assert_eq!((plain.state.title.as_str(), plain.state.content.as_str()), ("plain", "just text"));
    assert_eq!((plain.created_at, plain.updated_at), (time("2026-02-01T10:00:00Z"), time("2026-02-01T10:00:00Z")));
}

#[test]
fn title_is_that_of_the_front_matter_or_the_first_heading_or_the_name() {
    for (text, title) in [
        ("---\ntitle: a\n---\n# b", "a"),
        ("---\ntitle:\n---\n```\n# no\n```\n## c\n# b #\n# d", "b"),
        ("text\n#no\n#\n", "name"),
        ("", "name"),
    ] {
        assert_eq!(note("folder/name.md", text).state.title.as_str(), title, "{text}");
    }
}

#[test]
fn tags_may_be_a_text() {
    for (line, expected) in [
        ("tags: a, b c, #d", &["a", "b c"][..]),
        ("tags: \"a, b c, #d\"", &["a", "b c", "d"]),
        ("tags: a b", &["a", "b"]),
        ("tag: a", &["a"]),
        ("tags:", &[]),
        ("tags: [a, \"b, c\"]", &["a", "b, c"]),
    ] {
        assert_eq!(tags(&note("a.md", &format!("---\n{line}\n---\nx"))), expected, "{line}");
    }
}

#[test]
fn fields_that_cannot_be_read_stay_in_the_content() {
    let memo =
        note("a.md", "---\nid: 202601310900\ncreated: yesterday\npinned: perhaps\nvisibility: friends\ndate:\n---\nx");
    assert_eq!(
        memo.state.content.as_str(),
        "---\nid: 202601310900\ncreated: yesterday\npinned: perhaps\nvisibility: friends\n---\nx"
    );
    assert_eq!(memo.state.visibility, Visibility::Private);
}

#[test]
fn texts_in_other_encodings_are_imported() {
    let utf_16: Vec<u8> = "\u{feff}회의\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let archive =
        zip_of(&[("a.md", &utf_16), ("b.md", b"\xc8\xb8\xc0\xc7"), ("c.md", b"\xef\xbb\xbf---\ntitle: a\n---\n")]);
    let (memos, _) = imported(Source::Markdown, &archive);
    let contents: Vec<_> = memos.iter().map(|memo| memo.state.content.as_str()).collect();
    assert_eq!(contents, ["회의\r\n", "회의", ""]);
    assert_eq!(memos[2].state.title.as_str(), "a");
}

#[test]
fn edited_file_keeps_its_id_and_a_moved_one_is_another() {
    let first = note("a/b.md", "one");
    assert_eq!(note("a\\b.md", "two").id, first.id);
    assert_ne!(note("a/c.md", "one").id, first.id);
    let own = "0198c0de-7f00-7000-8000-00000000000b";
    assert_eq!(note("c.md", &format!("---\nid: {own}\n---\n")).id, MemoId::parse(own).expect("an id"));
    let version_4 = "0198c0de-7f00-4000-8000-00000000000b";
    assert_ne!(note("c.md", &format!("---\nid: {version_4}\n---\n")).id.to_string(), version_4);
}

#[test]
fn exported_file_that_was_edited_is_newer_and_a_copy_of_it_another_memo() {
    let file = |content| {
        let id = "0198c0de-7f00-7000-8000-00000000000b";
        format!("---\nid: {id}\ntitle: a\nupdated: 2026-01-31T00:00:00Z\n---\n{content}").into_bytes()
    };
    // Their time in the archive is 2026-02-01T10:00:00Z.
    let (memos, _) = imported(Source::Markdown, &zip_of(&[("a.md", &file("a")), ("a copy.md", &file("b"))]));
    assert_eq!(memos[0].updated_at, time("2026-02-01T10:00:00Z"));
    assert_ne!(memos[0].id, memos[1].id);
    let newer = String::from_utf8(file("b")).expect("UTF-8").replace("01-31", "02-02");
    let (memos, _) = imported(Source::Markdown, &zip_of(&[("a.md", &file("a")), ("a (2).md", newer.as_bytes())]));
    assert_eq!(memos[0].id, memos[1].id, "two states of a memo that changed while it was exported");
    assert_eq!(memos[1].updated_at, time("2026-02-02T00:00:00Z"));
}

#[test]
fn folder_gives_the_same_memos_as_a_zip_of_it() {
    let files: [(&str, &[u8]); 5] = [
        ("a.md", b"one"),
        ("b/c.md", b"# two"),
        ("b/d.png", b"PNG"),
        (".obsidian/x.md", b"no"),
        ("z.md", b"\xff\xff\0"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (name, data) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, data).expect("written");
    }
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.md")).expect("linked");
    std::os::unix::fs::symlink("..", folder.path().join("b/up")).expect("linked");
    let read = |limits: &Limits| {
        let mut memos = Vec::new();
        import_folder(folder.path(), time(NOW), limits, &mut |memo| {
            memos.push((memo.id, memo.state));
            Ok(())
        })
        .map(|report| (memos, report))
    };
    let (memos, report) = read(&Limits::default()).expect("imported");
    let (zipped, _) = imported(Source::Markdown, &zip_of(&files));
    assert_eq!(memos, zipped.into_iter().map(|memo| (memo.id, memo.state)).collect::<Vec<_>>());
    assert_eq!(
        dropped(&report),
        [
            "link.md: a link, not a file",
            "z.md: the text is neither UTF-8 nor UTF-16 nor EUC-KR",
            "b/d.png: attachments are not imported",
            "b/up: a link, not a file"
        ]
    );
    let small = Limits { entry_bytes: 4, ..Limits::default() };
    assert_eq!(read(&small).expect("imported").1.dropped.len(), 5);
    assert!(matches!(read(&Limits { entries: 3, ..small }), Err(ImportError::TooManyEntries { max: 3 })));
    assert!(matches!(read(&Limits { total_bytes: 5, ..small }), Err(ImportError::TooLarge { max: 5 })));
}

#[test]
fn folders_are_read_to_a_limited_depth() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("d/".repeat(64));
    fs::create_dir_all(deep.join("d")).expect("created");
    fs::write(deep.join("a.md"), "a").expect("written");
    fs::write(deep.join("d/b.md"), "b").expect("written");
    let report = import_folder(folder.path(), time(NOW), &Limits::default(), &mut |_| Ok(())).expect("imported");
    assert_eq!((report.memos, dropped(&report)), (1, vec![format!("{}: nested too deeply", ["d"; 65].join("/"))]));
    assert!(matches!(
        import_folder(&folder.path().join("absent"), time(NOW), &Limits::default(), &mut |_| Ok(())),
        Err(ImportError::Io(_))
    ));
}
