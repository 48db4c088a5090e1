use std::{io, path::Path};

use tokio::{
    fs::File,
    io::{AsyncBufReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Lines},
};

use crate::problem::{Code, Problem};

/// How much of the disk stays free, in bytes: the database, which may be on it, must not run out of it.
const RESERVE: u64 = 256 << 20;
/// How much is written between two looks at the disk, in bytes.
const CHECKED_EACH: usize = 1 << 20;

/// Lines in an unnamed temporary file, which the system removes with its last handle.
pub struct Spool {
    file: BufWriter<File>,
    /// What was written since the last look at the disk.
    unchecked: usize,
}

impl Spool {
    /// An empty file in this directory, or in that of the system.
    pub fn create(directory: &Path) -> Result<Self, Problem> {
        let file = tempfile::tempfile_in(directory).or_else(|_| tempfile::tempfile()).map_err(Problem::internal)?;
        Ok(Self { file: BufWriter::new(File::from_std(file)), unchecked: CHECKED_EACH })
    }

    /// Appends a line, if the disk has room for it.
    pub async fn push(&mut self, line: &[u8]) -> Result<(), Problem> {
        self.unchecked += line.len() + 1;
        if self.unchecked >= CHECKED_EACH {
            self.unchecked = 0;
            // A file system that does not say how much is free is not refused.
            let free = rustix::fs::fstatvfs(self.file.get_ref()).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize);
            check_room(free)?;
        }
        self.file.write_all(line).await.map_err(not_written)?;
        self.file.write_all(b"\n").await.map_err(not_written)
    }

    /// Reads the lines from the beginning.
    pub async fn rewind(mut self) -> Result<Spooled, Problem> {
        self.file.flush().await.map_err(not_written)?;
        let mut file = self.file.into_inner();
        file.rewind().await.map_err(Problem::internal)?;
        Ok(Spooled(BufReader::new(file).lines()))
    }
}

fn check_room(free: u64) -> Result<(), Problem> {
    if free < RESERVE { Err(Problem::new(Code::InsufficientStorage)) } else { Ok(()) }
}

fn not_written(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::new(Code::InsufficientStorage),
        _ => Problem::internal(error),
    }
}

/// The lines of a [`Spool`].
pub struct Spooled(Lines<BufReader<File>>);

impl Spooled {
    /// The next line.
    pub async fn next(&mut self) -> Result<Option<String>, Problem> {
        self.0.next_line().await.map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_insufficient_storage() {
        check_room(RESERVE).expect("there is room");
        for problem in [check_room(RESERVE - 1), Err(not_written(io::ErrorKind::StorageFull.into()))] {
            assert_eq!(problem.expect_err("there is no room").to_string(), "insufficient_storage");
        }
        assert_eq!(not_written(io::ErrorKind::NotFound.into()).to_string(), "internal_error");
    }
}
