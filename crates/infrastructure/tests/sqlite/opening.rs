use std::{error::Error, fs, os::unix::fs::PermissionsExt, time::Instant};

use memo_domain::{Access, Store, StoreError};
use memo_infrastructure::{SeaOrmStore, StoreOptions};

use crate::{
    add_user,
    support::{Fresh, options},
    user,
};

/// Asserts that a URL can't be opened, without waiting. Returns the error, and its text with those of all its causes.
async fn open_error(url: &str) -> (StoreError, String) {
    let start = Instant::now();
    let error = SeaOrmStore::open(StoreOptions::new(url)).await.expect_err("the store does not open");
    assert!(start.elapsed() < StoreOptions::new(url).acquire_timeout, "it did not wait");
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    (error, text)
}

#[tokio::test]
async fn invalid_urls_are_rejected() {
    for url in [
        "",
        "memo.db",
        "sqlite3:memo.db",
        "oracle://localhost/memo",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:x.db?mode=memory",
    ] {
        let (_, text) = open_error(url).await;
        assert!(text.contains("sqlite:///"), "{url:?}: {text}");
    }
}

#[tokio::test]
async fn errors_name_the_path_that_can_not_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display();
    fs::write(folder.path().join("file"), "").expect("a file is written");
    for path in [format!("{here}/missing/memo.db"), format!("{here}/file/memo.db"), "/proc/memo.db".to_owned()] {
        let (error, text) = open_error(&format!("sqlite://{path}")).await;
        assert!(text.contains(&path) && text.contains("os error"), "{text}");
        assert!(!error.is_retryable());
    }
    let (_, text) = open_error(&format!("sqlite://{here}")).await;
    assert!(text.contains(&here.to_string()) && text.contains("unable to open"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_corrupt_and_stays_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let garbage = "This is a letter, and no database at all. ".repeat(200);
    fs::write(folder.path().join("memo.db"), &garbage).expect("a file is written");
    let (error, text) = open_error(&options(&folder).url).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(text.contains("memo.db") && text.contains("not a database"), "{text}");
    assert_eq!(fs::read_to_string(folder.path().join("memo.db")).expect("the file is there"), garbage);
}

#[tokio::test]
async fn new_files_are_readable_only_by_their_owner() {
    let fresh = Fresh::new().await;
    for entry in fs::read_dir(fresh.folder.path()).expect("the folder is read") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn rows_with_invalid_values_are_corrupt() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let raw = sea_orm::Database::connect(options(&fresh.folder).url).await.expect("a connection");
    for change in ["role = 'king'", "role = 'admin', version = -1", "version = 1, disabled_at = 'never'"] {
        sea_orm::ConnectionTrait::execute_unprepared(&raw, &format!("UPDATE users SET {change}"))
            .await
            .expect("the row is changed");
        let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
        let result = uow.users().lookup(user(0).id).await;
        assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{change}: {result:?}");
    }
}
