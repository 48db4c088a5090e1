//! Errors at start.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::{PATIENCE, command};

#[tokio::test]
async fn start_error_is_one_line_without_secrets() {
    let folder = TempDir::new().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    std::fs::write(folder.path().join("broken.key"), "hunter2\n").expect("written");
    std::fs::write(folder.path().join("garbage.db"), "this is no database at all, hunter2").expect("written");
    for (name, value, expected) in [
        ("MEMO__SERVER__LISTEN", address.as_str(), "can't listen on"),
        ("MEMO__DATA_DIR", "/proc/memo", "/proc/memo"),
        ("MEMO__DATABASE__URL", "sqlite:/proc/memo/memo.db", "/proc/memo/memo.db"),
        ("MEMO__DATABASE__URL", "sqlite:garbage.db", "garbage.db"),
        ("MEMO__DATABASE__URL", "hunter2", "database.url"),
        ("MEMO__AUTH__SIGNING_KEY_FILE", "broken.key", "broken.key"),
        ("MEMO__AUTH__PEPPER_FILE", "broken.key", "broken.key"),
        ("MEMO__AUTH__ALGORITHM", "RS256", "auth.algorithm"),
        ("MEMO__SERVER__LISTENN", "x", "listenn"),
        ("MEMO__LOG__FILE", "/proc/memo", "/proc/memo"),
        ("MEMO_ENV", "staging", "MEMO_ENV"),
    ] {
        let output = timeout(Duration::from_secs(5), command(folder.path(), &[(name, value)]).output());
        let output = output.await.expect("the command ends within 5 seconds").expect("the binary starts");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(
            error.starts_with("memo: ") && error.contains(expected) && error.lines().count() == 1,
            "{name}: {error}"
        );
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!error.contains("hunter2") && !stdout.contains("hunter2"), "{name}: a secret is shown");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreachable_database_is_tried_for_ten_seconds() {
    let folder = TempDir::new().expect("a folder");
    let gives_up = async |url: &str| {
        let start = Instant::now();
        let output = timeout(PATIENCE, command(folder.path(), &[("MEMO__DATABASE__URL", url)]).output());
        let output = output.await.expect("the command ends in time").expect("the binary starts");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.starts_with("memo: ") && error.contains("127.0.0.1:1 ") && error.lines().count() == 1, "{error}");
        assert!(!error.contains("hunter2") && output.stdout.is_empty(), "{error}");
        let seconds = start.elapsed().as_secs_f64();
        assert!((9.0..14.0).contains(&seconds), "{seconds} s");
    };
    tokio::join!(
        gives_up("postgres://memo:hunter2@127.0.0.1:1/memo"),
        gives_up("mysql://memo:hunter2@127.0.0.1:1/memo")
    );
}
