//! `memo import-from`: archives of other note programs as lines that `POST /api/v1/me/import` takes.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write, stderr, stdout},
    path::Path,
};

use memo_domain::{Causes, Clock};
use memo_import::{ImportError, Limits, MemoRecord, Source, import, import_folder};

use super::output::not_written;
use crate::{StartError, adapters::SystemClock};

/// Prints the memos of an archive, and on standard error what could not become one.
///
/// # Errors
/// [`StartError`] if the archive can't be read or the output not be written; a part of the memos may be printed by then.
pub fn run(source: Source, file: &Path) -> Result<(), StartError> {
    let (now, limits) = (SystemClock.now(), Limits::default());
    let mut output = BufWriter::new(stdout().lock());
    let mut is_output_broken = false;
    let mut sink = |memo: MemoRecord| {
        let written = memo.write_line(&mut output);
        is_output_broken = written.is_err();
        written
    };
    let report = if source == Source::Markdown && file.is_dir() {
        import_folder(file, now, &limits, &mut sink)
    } else {
        let what = || format!("{} can't be opened", file.display());
        let archive = File::open(file).map_err(|source| StartError::Io { what: what(), source })?;
        import(source, BufReader::new(archive), now, &limits, &mut sink)
    };
    let report = report.map_err(|error| match error {
        ImportError::Io(error) if is_output_broken => not_written(error),
        error => StartError::unusable(format!("{}: {}", file.display(), Causes(&error))),
    })?;
    output.flush().map_err(not_written)?;
    // A closed standard error is no reason to fail.
    let mut log = stderr().lock();
    let _ = writeln!(log, "{} memos", report.memos);
    for dropped in &report.dropped {
        let _ = writeln!(log, "left out: {}: {}", dropped.name, dropped.reason);
    }
    if report.dropped_more > 0 {
        let _ = writeln!(log, "left out: {} more", report.dropped_more);
    }
    Ok(())
}
