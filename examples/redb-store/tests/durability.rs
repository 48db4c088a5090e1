//! The server keeps what it has acknowledged, and keeps it to itself.

use std::os::unix::fs::PermissionsExt;

use memo_testkit::Durability;
use redb_store::RedbEngine;

#[tokio::test]
async fn kill_loses_no_acknowledged_write() {
    Durability::of(env!("CARGO_BIN_EXE_redb-store")).run().await;
}

#[test]
fn other_users_of_the_machine_cannot_read_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("memo.redb");
    let _engine = RedbEngine::open(&path).expect("the file is created");
    let mode = path.metadata().expect("the file exists").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}
