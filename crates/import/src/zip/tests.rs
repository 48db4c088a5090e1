//! Archives that are damaged or malicious.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use super::{CENTRAL_HEADER, ENCRYPTED, END, ZIP64_END, ZipWriter, u16_at, u32_at, u64_at};
use crate::{ImportError, Limits, Reason, Source, import, testing::*};

fn read(bytes: &[u8], limits: &Limits) -> Result<(Vec<String>, Vec<String>), ImportError> {
    let (memos, report) = try_import(Source::Markdown, bytes, limits)?;
    Ok((memos.iter().map(|memo| memo.state.content.as_str().to_owned()).collect(), dropped(&report)))
}

fn refused(bytes: &[u8]) -> ImportError {
    read(bytes, &Limits::default()).expect_err("refused")
}

fn position(bytes: &[u8], signature: [u8; 4], number: usize) -> usize {
    let mut found = bytes.windows(4).enumerate().filter(|(_, window)| *window == signature).map(|(at, _)| at);
    found.nth(number).expect("it is there")
}

/// Changes two bytes of an entry of the directory.
fn patched(mut bytes: Vec<u8>, number: usize, at: usize, value: u16) -> Vec<u8> {
    let start = position(&bytes, CENTRAL_HEADER, number) + at;
    bytes[start..start + 2].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn names_are_never_paths_out_of_the_archive() {
    let archive = zip_of(&[
        ("../up.md", b"1"),
        ("/root.md", b"2"),
        ("C:\\windows.md", b"3"),
        ("a\\..\\..\\b.md", b"4"),
        ("nul\0.md", b"5"),
        ("good\\a.md", b"6"),
        ("good/a.md", b"7"),
        ("folder.md/", b""),
    ]);
    let (contents, dropped) = read(&archive, &Limits::default()).expect("imported");
    assert_eq!(contents, ["6"]);
    let unsafe_name = |name| format!("{name}: {}", Reason::UnsafeName);
    let names = ["../up.md", "/root.md", "C:\\windows.md", "a\\..\\..\\b.md", "nul.md"].map(unsafe_name);
    assert_eq!(dropped[..5], names);
    assert_eq!(dropped[5], format!("good/a.md: {}", Reason::SameName));
}

#[test]
fn links_are_not_followed() {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link.md", "/etc/passwd", options()).expect("added");
    zip.start_file("a.md", options()).expect("started");
    zip.write_all(b"a").expect("written");
    let (contents, dropped) =
        read(&zip.finish().expect("finished").into_inner(), &Limits::default()).expect("imported");
    assert_eq!((contents, dropped), (vec!["a".to_owned()], vec!["link.md: a link, not a file".to_owned()]));
}

#[test]
fn stored_data_and_names_in_code_page_949_are_read() {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = options().compression_method(::zip::CompressionMethod::Stored);
    zip.start_file("xxxx.md", stored).expect("started");
    zip.write_all("# 하나".as_bytes()).expect("written");
    zip.start_file("yyyy.md", stored).expect("started");
    let mut bytes = zip.finish().expect("finished").into_inner();
    while let Some(at) = bytes.windows(4).position(|window| window == b"yyyy") {
        bytes[at..at + 4].copy_from_slice(b"\xb8\xde\xb8\xf0");
    }
    let (memos, _) = imported(Source::Markdown, &bytes);
    assert_eq!(memos.iter().map(|memo| memo.state.title.as_str()).collect::<Vec<_>>(), ["하나", "메모"]);
}

#[test]
fn other_files_and_incomplete_archives_are_refused() {
    for bytes in [b"".as_slice(), b"PK", b"%PDF-1.7", &vec![0; 70_000]] {
        assert!(matches!(refused(bytes), ImportError::NotAnArchive { .. }));
    }
    let whole = zip_of(&[("a.md", b"hello"), ("b.md", b"world")]);
    for length in [4, 30, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..length]);
        assert!(matches!(error, ImportError::Truncated), "{length}: {error:?}");
    }
    // The beginning is missing, not the end.
    assert!(matches!(refused(&whole[10..]), ImportError::Truncated));
    assert!(read(&zip_of(&[]), &Limits::default()).expect("imported").0.is_empty());
}

#[test]
fn data_before_and_after_an_archive_are_ignored() {
    let whole = zip_of(&[("a.md", b"hello")]);
    for bytes in [[b"#!/bin/sh\n".as_slice(), &whole].concat(), [&*whole, b"\n\n"].concat()] {
        assert_eq!(read(&bytes, &Limits::default()).expect("imported").0, ["hello"]);
    }
}

#[test]
fn encrypted_archives_are_refused_by_name() {
    let bytes = patched(zip_of(&[("a.md", b"hello"), ("b.md", b"secret")]), 1, 8, ENCRYPTED);
    assert!(matches!(refused(&bytes), ImportError::Encrypted { name } if name == "b.md"));
}

#[test]
fn damaged_entries_are_reported_and_the_others_imported() {
    let text = "a line of text\n".repeat(50);
    let whole = zip_of(&[("a.md", text.as_bytes()), ("b.md", b"good")]);
    let name = position(&whole, *b"a.md", 0);
    for at in [4, 10, 14] {
        let mut bytes = whole.clone();
        bytes[name + at] ^= 0x55;
        let (contents, dropped) = read(&bytes, &Limits::default()).expect("imported");
        assert_eq!(
            (contents, dropped),
            (vec!["good".to_owned()], vec!["a.md: the data are damaged".to_owned()]),
            "{at}"
        );
    }
    let (contents, dropped) = read(&patched(whole, 0, 10, 12), &Limits::default()).expect("imported");
    assert_eq!((contents.len(), &*dropped[0]), (1, "a.md: the compression method is not supported"));
}

#[test]
fn entries_that_overlap_or_lie_outside_are_refused() {
    let text = "a".repeat(100);
    let whole = zip_of(&[("a.md", text.as_bytes()), ("b.md", b"b"), ("c.md", b"c")]);
    // The second entry refers to the data of the first.
    let overlapping = patched(whole.clone(), 1, 42, 0);
    assert!(matches!(refused(&overlapping), ImportError::Malformed { what } if what == "entries overlap"));
    let inside = patched(whole.clone(), 1, 42, 20);
    assert!(matches!(refused(&inside), ImportError::Malformed { .. }));
    for (at, value) in [(42, 0xfff0), (44, 0x7fff), (20, 0xffff)] {
        let error = refused(&patched(whole.clone(), 2, at, value));
        assert!(matches!(error, ImportError::Malformed { .. }), "{at}: {error:?}");
    }
    let mut wrong = whole.clone();
    wrong[0] = b'X';
    assert!(matches!(refused(&wrong), ImportError::Malformed { .. }));
    let mut long_extra = whole;
    long_extra[28..30].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(matches!(refused(&long_extra), ImportError::Malformed { .. }));
}

#[test]
fn directories_that_contradict_themselves_are_refused() {
    let whole = zip_of(&[("a.md", b"hello")]);
    let end = position(&whole, END, 0);
    assert_eq!((u16_at(&whole, end + 10), u32_at(&whole, end + 16) as usize), (1, position(&whole, CENTRAL_HEADER, 0)));
    for (at, value) in [(10, 2_u16), (10, 0xffff), (12, 10), (12, 60_000), (16, 60_000), (4, 1)] {
        let mut bytes = whole.clone();
        bytes[end + at..end + at + 2].copy_from_slice(&value.to_le_bytes());
        let error = refused(&bytes);
        let is_expected = matches!(error, ImportError::Malformed { .. } | ImportError::Truncated);
        assert!(is_expected, "{at} {value}: {error:?}");
    }
    // A ZIP64 record that claims any number of entries.
    let mut large = whole[..end].to_vec();
    let record = large.len() as u64;
    large.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    large.extend([u64::MAX, u64::MAX, u64::MAX, 0].map(u64::to_le_bytes).concat());
    large.extend(b"PK\x06\x07\0\0\0\0");
    large.extend(record.to_le_bytes());
    large.extend(1_u32.to_le_bytes());
    large.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    assert!(matches!(refused(&large), ImportError::TooManyEntries { .. }));
}

#[test]
fn number_of_entries_is_bounded() {
    let archive = zip_of(&[("a.md", b"a"), ("b.md", b"b"), ("c.png", b"c")]);
    assert!(read(&archive, &Limits { entries: 3, ..Limits::default() }).is_ok());
    let error = read(&archive, &Limits { entries: 2, ..Limits::default() }).expect_err("refused");
    assert!(matches!(error, ImportError::TooManyEntries { max: 2 }));
}

#[test]
fn sizes_are_counted_and_not_those_that_the_archive_declares() {
    let text = "word ".repeat(2_000);
    let archive = zip_of(&[("a.md", text.as_bytes()), ("b.md", b"b")]);
    // Declared as empty in both headers.
    let mut liar = archive.clone();
    let start = position(&liar, CENTRAL_HEADER, 0);
    liar[start + 24..start + 28].fill(0);
    liar[22..26].fill(0);
    for bytes in [archive, liar] {
        let limits = Limits { entry_bytes: 9_999, ..Limits::default() };
        let (contents, dropped) = read(&bytes, &limits).expect("imported");
        assert_eq!((contents, dropped), (vec!["b".to_owned()], vec!["a.md: larger than 9999 bytes".to_owned()]));
        assert_eq!(read(&bytes, &Limits { entry_bytes: 10_000, ..limits }).expect("imported").0.len(), 2);
        let total = Limits { total_bytes: 10_000, ..Limits::default() };
        assert!(matches!(read(&bytes, &total), Err(ImportError::TooLarge { max: 10_000 })));
        // What is too large for one entry counts, too: unpacking it took time.
        let both = Limits { entry_bytes: 5_000, total_bytes: 5_001, ..Limits::default() };
        assert!(matches!(read(&bytes, &both), Err(ImportError::TooLarge { max: 5_001 })));
    }
}

#[test]
fn size_of_all_entries_is_bounded_even_if_each_is_dropped() {
    let text = "word ".repeat(2_000);
    let archive = zip_of(&[("a.md", text.as_bytes()), ("b.md", text.as_bytes())]);
    let limits = Limits { entry_bytes: 5_000, total_bytes: 20_000, ..Limits::default() };
    assert_eq!(read(&archive, &limits).expect("imported").1.len(), 2);
    let limits = Limits { total_bytes: 15_000, ..limits };
    assert!(matches!(read(&archive, &limits), Err(ImportError::TooLarge { max: 15_000 })));
}

#[test]
fn bombs_are_refused_by_their_ratio() {
    let zeros = vec![b'0'; 3 << 20];
    let bomb = zip_of(&[("bomb.md", &zeros)]);
    assert!(bomb.len() < 20_000);
    assert!(matches!(refused(&bomb), ImportError::Ratio { name, max: 100 } if name == "bomb.md"));
    // An attachment is not unpacked.
    assert!(read(&zip_of(&[("bomb.png", &zeros)]), &Limits::default()).is_ok());
    // A small one is harmless.
    assert!(read(&zip_of(&[("small.md", &zeros[..100_000])]), &Limits::default()).is_ok());
}

#[test]
fn archive_inside_an_archive_is_an_attachment() {
    let inner = zip_of(&[("a.md", b"a")]);
    let (contents, dropped) = read(&zip_of(&[("inner.zip", &inner)]), &Limits::default()).expect("imported");
    assert_eq!((contents.len(), &*dropped[0]), (0, "inner.zip: attachments are not imported"));
}

#[test]
fn any_change_of_a_byte_gives_an_error_or_a_report() {
    let whole = zip_of(&[("a.md", b"hello, hello, hello"), ("b.png", b"x"), ("c.md", b"---\ntitle: c\n---\n")]);
    survives_changes(Source::Markdown, &whole);
}

/// A file with zeros before the bytes, which take no memory.
struct Shifted {
    zeros: u64,
    bytes: Vec<u8>,
    position: u64,
}

impl Read for Shifted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(self.position.saturating_sub(self.zeros)).expect("small");
        let rest = self.bytes.get(at..).unwrap_or_default();
        let count = if self.position < self.zeros { 1 } else { rest.len().min(buffer.len()) };
        buffer[..count].copy_from_slice(if self.position < self.zeros { &[0] } else { &rest[..count] });
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Shifted {
    fn seek(&mut self, from: SeekFrom) -> io::Result<u64> {
        let length = self.zeros + self.bytes.len() as u64;
        self.position = match from {
            SeekFrom::Start(position) => position,
            SeekFrom::End(offset) => length.saturating_add_signed(offset),
            SeekFrom::Current(offset) => self.position.saturating_add_signed(offset),
        };
        Ok(self.position)
    }
}

#[test]
fn archives_beyond_four_gibibytes_are_written_and_read() {
    let zeros = 5 << 30;
    let mut zip = ZipWriter::new(Vec::new());
    zip.position = zeros;
    for name in ["a.md", "b.md"] {
        zip.add(name, name.as_bytes(), time(NOW)).expect("written");
    }
    let bytes = zip.finish().expect("finished");
    assert!(bytes.windows(4).any(|window| window == ZIP64_END));
    let mut contents = Vec::new();
    let file = || Shifted { zeros, bytes: bytes.clone(), position: 0 };
    let report = import(Source::Markdown, file(), time(NOW), &Limits::default(), &mut |memo| {
        contents.push(memo.state.content.into_string());
        Ok(())
    });
    assert_eq!((report.expect("imported").memos, contents), (2, vec!["a.md".to_owned(), "b.md".to_owned()]));
    let mut archive = ::zip::ZipArchive::new(file()).expect("another program reads it");
    let mut content = String::new();
    archive.by_name("b.md").expect("an entry").read_to_string(&mut content).expect("read");
    assert_eq!(content, "b.md");
}

#[test]
fn archives_of_more_than_65535_files_are_written_and_read() {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = options().compression_method(::zip::CompressionMethod::Stored);
    for number in 0..65_536 {
        zip.start_file(format!("{number}.png"), stored).expect("started");
    }
    let (_, report) = imported(Source::Markdown, zip.finish().expect("finished").get_ref());
    assert_eq!(report.dropped.len() as u64 + report.dropped_more, 65_536);

    let mut zip = ZipWriter::new(Vec::new());
    zip.entries = 65_535;
    zip.add("a.md", b"a", time(NOW)).expect("written");
    let bytes = zip.finish().expect("finished");
    let (end, large) = (position(&bytes, END, 0), position(&bytes, ZIP64_END, 0));
    assert_eq!((u16_at(&bytes, end + 10), u64_at(&bytes, large + 32)), (u16::MAX, 65_536));
}
