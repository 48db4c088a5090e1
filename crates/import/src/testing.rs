//! Helpers of tests: archives made by another implementation than that of this crate.

use std::io::{Cursor, Write};

use memo_domain::{Tag, Timestamp};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::{ImportError, Limits, MemoRecord, Report, Source, import};

/// The time of all imports in tests.
pub const NOW: &str = "2026-03-01T00:00:00Z";

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

pub fn try_import(source: Source, bytes: &[u8], limits: &Limits) -> Result<(Vec<MemoRecord>, Report), ImportError> {
    let mut memos = Vec::new();
    let report = import(source, Cursor::new(bytes), time(NOW), limits, &mut |memo| {
        memos.push(memo);
        Ok(())
    })?;
    assert_eq!(report.memos, memos.len() as u64);
    Ok((memos, report))
}

pub fn imported(source: Source, bytes: &[u8]) -> (Vec<MemoRecord>, Report) {
    try_import(source, bytes, &Limits::default()).expect("imported")
}

/// What was dropped, as `name: reason`.
pub fn dropped(report: &Report) -> Vec<String> {
    report.dropped.iter().map(|dropped| format!("{}: {}", dropped.name, dropped.reason)).collect()
}

pub fn tags(memo: &MemoRecord) -> Vec<&str> {
    memo.state.tags.iter().map(Tag::as_str).collect()
}

/// Imports a file with each byte changed, and cut at each byte. Any result is right, but no panic.
pub fn survives_changes(source: Source, whole: &[u8]) {
    for at in 0..whole.len() {
        for value in [0, b'<', 0xff] {
            let mut bytes = whole.to_vec();
            bytes[at] = value;
            let _ = try_import(source, &bytes, &Limits::default());
        }
        let _ = try_import(source, &whole[at..], &Limits::default());
        let _ = try_import(source, &whole[..at], &Limits::default());
    }
}

pub fn options() -> SimpleFileOptions {
    let modified = DateTime::from_date_and_time(2026, 2, 1, 10, 0, 0).expect("a time");
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(modified)
}

/// A zip of these files, changed at 2026-02-01T10:00:00Z.
pub fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, data) in files {
        zip.start_file(*name, options()).expect("started");
        zip.write_all(data).expect("written");
    }
    zip.finish().expect("finished").into_inner()
}
