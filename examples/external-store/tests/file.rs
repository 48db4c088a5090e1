//! What a kill, another process or another file may do to the file, and what the store makes of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use external_store::FileStore;
use memo_domain::{
    Access, DisplayName, Email, Locale, PasswordHash, Store, StoreError, Timestamp, UnitOfWork, User, UserId,
};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/memo.log");
    (folder, path)
}

fn user(n: usize) -> User {
    User::sign_up(
        UserId::parse(&format!("0198c0de-7f00-7000-8000-{n:012}")).expect("an id"),
        Email::new(format!("user{n}@example.com")).expect("an address"),
        DisplayName::new("사용자\u{2028}").expect("a name"),
        PasswordHash::new("hash\n".into()),
        Locale::Ko,
        Timestamp::from_micros(1),
    )
}

/// Opens the file, adds a member, and closes it.
async fn add(path: &Path, n: usize) {
    let store = FileStore::open(path).expect("the file opens");
    let mut uow = store.begin(Access::Write).await.expect("a unit of work");
    uow.users().insert(&user(n)).await.expect("the member is added");
    uow.commit().await.expect("it commits");
}

/// Which of the first members a file has.
async fn kept(path: &Path) -> Vec<usize> {
    let store = FileStore::open(path).expect("the file opens");
    let mut uow = store.begin(Access::Read).await.expect("a unit of work");
    let mut kept = Vec::new();
    for n in 0..4 {
        if let Some(found) = uow.users().lookup(user(n).id).await.expect("members are read") {
            assert_eq!(found, user(n));
            kept.push(n);
        }
    }
    kept
}

#[tokio::test]
async fn wherever_a_kill_cuts_the_last_commit_those_before_it_stay() {
    let (_folder, path) = place();
    add(&path, 0).await;
    let whole = fs::read(&path).expect("the file");
    add(&path, 1).await;
    let both = fs::read(&path).expect("the file");
    assert!(both.starts_with(&whole));
    for cut in 0..both.len() {
        fs::write(&path, &both[..cut]).expect("the file is cut");
        let expected = if cut < whole.len() { [].as_slice() } else { &[0] };
        assert_eq!(kept(&path).await, expected, "cut at {cut}");
        if cut % 50 == 0 {
            add(&path, 2).await;
            assert_eq!(kept(&path).await, [expected, &[2]].concat(), "written to behind a cut at {cut}");
        }
    }
    // A file system may have made room for what it had no time to write.
    fs::write(&path, [whole.as_slice(), &[0; 700]].concat()).expect("the file is written");
    assert_eq!(kept(&path).await, [0]);
}

#[tokio::test]
async fn what_was_damaged_later_is_said_and_left() {
    let (_folder, path) = place();
    for n in 0..2 {
        add(&path, n).await;
    }
    let text = fs::read_to_string(&path).expect("the file");
    let damaged = text.replacen("user0", "user9", 1);
    for text in [damaged.as_str(), "Dear diary,\n", "M"] {
        fs::write(&path, text).expect("the file is written");
        assert!(matches!(FileStore::open(&path), Err(StoreError::Corrupt { .. })), "{text}");
        assert_eq!(fs::read_to_string(&path).expect("the file"), text);
    }
}

#[tokio::test]
async fn one_process_at_a_time_has_the_file() {
    let (_folder, path) = place();
    let store = FileStore::open(&path).expect("the file opens");
    assert!(matches!(FileStore::open(&path), Err(StoreError::Unavailable { .. })));
    store.close().await;
    add(&path, 0).await;
    let mut uow = store.begin(Access::Write).await.expect("a unit of work");
    uow.users().insert(&user(1)).await.expect("the member is added");
    assert!(matches!(uow.commit().await, Err(StoreError::Unavailable { .. })), "it was closed");
    assert_eq!(kept(&path).await, [0]);
}

#[tokio::test]
async fn what_was_begun_for_reading_writes_nothing() {
    let (_folder, path) = place();
    let store = FileStore::open(&path).expect("the file opens");
    let mut uow: Box<dyn UnitOfWork> = store.begin(Access::Snapshot).await.expect("a unit of work");
    assert!(matches!(uow.users().insert(&user(0)).await, Err(StoreError::Other { .. })));
}
