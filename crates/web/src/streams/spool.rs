use std::path::Path;

use tokio::{
    fs::File,
    io::{AsyncBufReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Lines},
};

use crate::problem::Problem;

/// Lines in an unnamed temporary file, which the system removes with its last handle.
pub struct Spool(BufWriter<File>);

impl Spool {
    /// An empty file in this directory, or in that of the system.
    pub fn create(directory: &Path) -> Result<Self, Problem> {
        let file = tempfile::tempfile_in(directory).or_else(|_| tempfile::tempfile()).map_err(Problem::internal)?;
        Ok(Self(BufWriter::new(File::from_std(file))))
    }

    /// Appends a line.
    pub async fn push(&mut self, line: &[u8]) -> Result<(), Problem> {
        self.0.write_all(line).await.map_err(Problem::internal)?;
        self.0.write_all(b"\n").await.map_err(Problem::internal)
    }

    /// Reads the lines from the beginning.
    pub async fn rewind(mut self) -> Result<Spooled, Problem> {
        self.0.flush().await.map_err(Problem::internal)?;
        let mut file = self.0.into_inner();
        file.rewind().await.map_err(Problem::internal)?;
        Ok(Spooled(BufReader::new(file).lines()))
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
