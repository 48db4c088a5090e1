//! Requests that the HTTP framework answers itself.

use memo_conformance::eventually;
use reqwest::StatusCode;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::running::{PATIENCE, Running};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_requests_are_no_errors_of_the_server() {
    let folder = TempDir::new().expect("a folder");
    let mut memo = Running::start(folder.path(), &[("MEMO__LOG__LEVEL", "debug")]).await;
    let address = memo.url.trim_start_matches("http://");
    let targets = ["/api/v1/memos?q=회의", "/api/v1/memos?q=a b", "/api/v1/memos?q=\"a\"", "/<a>", "/a>"];
    for target in targets {
        let mut connection = TcpStream::connect(address).await.expect("the server listens");
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        connection.write_all(request.as_bytes()).await.expect("the request is sent");
        let mut response = String::new();
        let read = timeout(PATIENCE, connection.read_to_string(&mut response));
        read.await.expect("the connection ends").expect("a response");
        assert!(response.starts_with("HTTP/1.1 400 "), "{target}: {response}");
    }
    assert_eq!(memo.get("/readyz", "").await.0, StatusCode::OK);
    memo.signal(Signal::TERM);
    timeout(PATIENCE, memo.child.wait()).await.expect("the server exits in time").expect("the exit status");
    let unreadable = || {
        let log = memo.log.lock().expect("no test has panicked").clone();
        log.lines().filter(|line| line.contains("unreadable request")).count()
    };
    eventually("each has a line", async || (unreadable() == targets.len()).then_some(())).await;
    let log = memo.log.lock().expect("no test has panicked").clone();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}
