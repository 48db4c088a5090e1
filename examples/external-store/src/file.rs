//! The file: a line for each commit, behind its checksum.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::Path,
};

use memo_domain::StoreError;

use crate::{json, state::Row};

/// What the file begins with: no file of something else is read, or written to.
const HEADER: &[u8] = b"memo, external-store, 1\n";

/// An open file, which no other process has open.
pub struct File {
    /// `None` once it was closed.
    file: Option<fs::File>,
    /// Where the next commit goes.
    end: u64,
}

impl File {
    /// Opens a file, or makes it, and gives each row that was committed.
    pub fn open(path: &Path, mut each: impl FnMut(&Row)) -> Result<Self, StoreError> {
        let (file, bytes) = open_alone(path).map_err(unavailable)?;
        let mut end = HEADER.len();
        if let Some(mut rest) = bytes.strip_prefix(HEADER) {
            while let Some(line) = rest.split_inclusive(|byte| *byte == b'\n').next() {
                rest = &rest[line.len()..];
                match commit_of(line) {
                    Some(commit) => json::read(commit, &mut each)?,
                    // The last one of a process that was killed before it was done: nobody was told that it is kept.
                    None if rest.is_empty() => break,
                    None => return Err(StoreError::corrupt("a line has another checksum than it had")),
                }
                end += line.len();
            }
        } else if HEADER.starts_with(&bytes) {
            // It is new, or its maker was killed.
            file.write_all_at(HEADER, 0).and_then(|()| file.sync_all()).map_err(unavailable)?;
        } else {
            return Err(StoreError::corrupt("this is the file of something else"));
        }
        file.set_len(end as u64).map_err(unavailable)?;
        Ok(Self { file: Some(file), end: end as u64 })
    }

    /// Writes a commit. When it returned, a power cut takes nothing of it.
    pub fn append(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Err(unavailable(io::Error::other("the store was closed"))) };
        let commit = json::write(rows);
        let line = format!("{:08x}{commit}\n", crc32fast::hash(commit.as_bytes()));
        // What is left of one that failed goes first.
        let cut = file.set_len(self.end);
        let written = cut.and_then(|()| file.write_all_at(line.as_bytes(), self.end)).and_then(|()| file.sync_data());
        written.map_err(unavailable)?;
        self.end += line.len() as u64;
        Ok(())
    }

    /// Lets others open it.
    pub fn close(&mut self) {
        self.file = None;
    }
}

/// The file and what is in it. It is made where it is missing, for this user alone, with its folder.
fn open_alone(path: &Path) -> io::Result<(fs::File, Vec<u8>)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut options = fs::OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.try_lock()?;
    // The name of a new file must survive a power cut as well.
    fs::File::open(folder)?.sync_all()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((file, bytes))
}

/// The commit of a line that is whole.
fn commit_of(line: &[u8]) -> Option<&[u8]> {
    let (sum, commit) = line.strip_suffix(b"\n")?.split_at_checked(8)?;
    (sum == format!("{:08x}", crc32fast::hash(commit)).as_bytes()).then_some(commit)
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable { source: error.into() }
}
