//! The output of the commands.

use std::{fs::OpenOptions, process::Stdio};

use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::{PATIENCE, command};

const COMMANDS: [&[&str]; 7] = [
    &["user", "create", "alice@example.com", "--password-stdin"],
    &["user", "list"],
    &["user", "promote", "alice@example.com"],
    &["migrate", "status"],
    &["check"],
    &["openapi"],
    &["--help"],
];

#[tokio::test]
async fn a_closed_output_ends_a_command_quietly() {
    use tokio::io::AsyncWriteExt;
    let folder = TempDir::new().expect("a folder");
    for arguments in COMMANDS {
        let mut command = command(folder.path(), &[]);
        let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().expect("the binary starts");
        drop(child.stdout.take());
        let mut input = child.stdin.take().expect("its input");
        // It may have ended without reading.
        let _ = input.write_all(b"correct horse battery\n").await;
        drop(input);
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("its output");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.success() && error.is_empty(), "{arguments:?}: {:?} {error}", output.status);
    }
}

#[tokio::test]
async fn an_output_that_can_not_be_written_is_an_error() {
    let folder = TempDir::new().expect("a folder");
    // More than a buffer holds.
    std::fs::write(folder.path().join("long.md"), "word ".repeat(10_000)).expect("written");
    for arguments in [&["migrate", "status"][..], &["check"], &["openapi"], &["import-from", "markdown", "."]] {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a device without room");
        let child = command(folder.path(), &[]).args(arguments).stdout(full).spawn().expect("the binary starts");
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("its output");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.starts_with("memo: the output can't be written: ") && error.lines().count() == 1, "{error}");
    }
}
