use std::{fs, io, os::fd::AsFd, path::Path};

use tokio::{
    fs::File,
    io::{AsyncBufReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Lines},
};

use crate::problem::{Code, Problem};

/// How much of the disk stays free, in bytes: the database, which may be on it, must not run out of it.
const RESERVE: u64 = 256 << 20;
/// How much is written between two looks at the disk, in bytes.
const CHECKED_EACH: usize = 1 << 20;

/// Lines, or bytes, in an unnamed temporary file, which the system removes with its last handle.
pub struct Spool {
    file: BufWriter<File>,
    /// What was written since the last look at the disk.
    unchecked: usize,
}

impl Spool {
    /// An empty file in this directory, or in that of the system.
    pub fn create(directory: &Path) -> Result<Self, Problem> {
        let file = temporary(directory)?;
        Ok(Self { file: BufWriter::new(File::from_std(file)), unchecked: CHECKED_EACH })
    }

    /// Appends a line, if the disk has room for it.
    pub async fn push(&mut self, line: &[u8]) -> Result<(), Problem> {
        self.append(line).await?;
        self.append(b"\n").await
    }

    /// Appends bytes, if the disk has room for them.
    pub async fn append(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        count(bytes.len(), &mut self.unchecked, self.file.get_ref()).map_err(not_written)?;
        self.file.write_all(bytes).await.map_err(not_written)
    }

    /// The file, from its beginning.
    pub async fn into_file(self) -> Result<fs::File, Problem> {
        Ok(self.rewound().await?.into_std().await)
    }

    /// Reads the lines from the beginning.
    pub async fn rewind(self) -> Result<Spooled, Problem> {
        Ok(Spooled(BufReader::new(self.rewound().await?).lines()))
    }

    async fn rewound(mut self) -> Result<File, Problem> {
        self.file.flush().await.map_err(not_written)?;
        let mut file = self.file.into_inner();
        file.rewind().await.map_err(Problem::internal)?;
        Ok(file)
    }
}

/// A [`Spool`] for threads that may block.
pub struct SpoolWriter {
    file: io::BufWriter<fs::File>,
    unchecked: usize,
}

impl SpoolWriter {
    /// A writer and the reader of what it has written, which is to be rewound after it.
    pub fn create(directory: &Path) -> Result<(Self, Spool), Problem> {
        let file = temporary(directory)?;
        let same = file.try_clone().map_err(Problem::internal)?;
        let spool = Spool { file: BufWriter::new(File::from_std(same)), unchecked: CHECKED_EACH };
        Ok((Self { file: io::BufWriter::new(file), unchecked: CHECKED_EACH }, spool))
    }
}

impl io::Write for SpoolWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        count(bytes.len(), &mut self.unchecked, self.file.get_ref())?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn temporary(directory: &Path) -> Result<fs::File, Problem> {
    tempfile::tempfile_in(directory).or_else(|_| tempfile::tempfile()).map_err(Problem::internal)
}

/// Counts what is about to be written, and looks at the disk from time to time.
fn count(bytes: usize, unchecked: &mut usize, file: impl AsFd) -> io::Result<()> {
    *unchecked += bytes;
    if *unchecked < CHECKED_EACH {
        return Ok(());
    }
    *unchecked = 0;
    // A file system that does not say how much is free is not refused.
    check_room(rustix::fs::fstatvfs(file).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize))
}

fn check_room(free: u64) -> io::Result<()> {
    if free < RESERVE { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
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
        let full = check_room(RESERVE - 1).expect_err("there is no room");
        assert_eq!(not_written(full).to_string(), "insufficient_storage");
        assert_eq!(not_written(io::ErrorKind::NotFound.into()).to_string(), "internal_error");
    }
}
