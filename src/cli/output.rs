//! The output of the commands.

use std::{
    fmt::Display,
    io::{ErrorKind, Write, stdout},
};

use crate::StartError;

/// Prints a line.
///
/// # Errors
/// [`StartError::OutputClosed`] if the reader has seen enough, as in `memo user list | head -1`; [`StartError::Io`].
pub fn print(line: impl Display) -> Result<(), StartError> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(StartError::OutputClosed),
        written => written.map_err(|source| StartError::Io { what: "the output can't be written".into(), source }),
    }
}
