//! The output of the commands.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write, stdout},
};

use crate::StartError;

/// Prints a line.
///
/// # Errors
/// [`StartError::OutputClosed`] if the reader has seen enough, as in `memo user list | head -1`; [`StartError::Io`].
pub fn print(line: impl Display) -> Result<(), StartError> {
    writeln!(stdout(), "{line}").map_err(not_written)
}

/// The error of a command whose output could not be written.
pub fn not_written(source: io::Error) -> StartError {
    match source.kind() {
        ErrorKind::BrokenPipe => StartError::OutputClosed,
        _ => StartError::Io { what: "the output can't be written".into(), source },
    }
}
