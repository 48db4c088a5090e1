//! Shutdown, and recovery from a kill.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use memo_test_databases::Server;
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::{PATIENCE, Running, command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_loses_no_acknowledged_write() {
    let folder = TempDir::new().expect("a folder");
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let mut server = Running::start(folder.path(), &[]).await;
        if round == 0 {
            server.sign_up().await;
        }
        let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
        for (id, title) in &acknowledged {
            let (status, memo) = server.get(&format!("/api/v1/memos/{id}"), &token).await;
            assert_eq!((status, memo["title"].as_str()), (StatusCode::OK, Some(String::as_str(title))), "{id} is lost");
        }
        let server = &mut server;
        let written = write_until_killed(server, &token, round).await;
        assert!(written.len() >= 100, "only {} writes were acknowledged", written.len());
        acknowledged.extend(written);
    }
    let server = Running::start(folder.path(), &[]).await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let (_, page) = server.get("/api/v1/memos?include_total=true", &token).await;
    let total = page["total"].as_u64().expect("a total");
    assert!(total >= acknowledged.len() as u64, "{total} of {} acknowledged memos exist", acknowledged.len());
}

/// Writes with eight concurrent clients, kills the server meanwhile, and returns the acknowledged memos.
async fn write_until_killed(server: &mut Running, token: &str, round: u32) -> Vec<(String, String)> {
    let acknowledged = Mutex::new(Vec::new());
    let killed = AtomicBool::new(false);
    let pid = server.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("the server runs");
    let write = async |client: u32| {
        for number in 0.. {
            let title = format!("round {round}, client {client}, memo {number}");
            match server.post("/memos", token, &json!({"title": title, "tags": ["kill"]})).await {
                Ok((StatusCode::CREATED, memo)) => {
                    let id = memo["id"].as_str().expect("an id").to_owned();
                    let mut acknowledged = acknowledged.lock().expect("no client panicked");
                    acknowledged.push((id, title));
                    if acknowledged.len() == 100 {
                        kill_process(pid, Signal::KILL).expect("the signal is sent");
                        killed.store(true, Ordering::SeqCst);
                    }
                }
                Ok((status, body)) => panic!("{status} {body}"),
                Err(_) => break,
            }
        }
    };
    let all = async { tokio::join!(write(0), write(1), write(2), write(3), write(4), write(5), write(6), write(7)) };
    timeout(PATIENCE, all).await.expect("the clients end with the server");
    assert!(killed.load(Ordering::SeqCst));
    server.child.wait().await.expect("the exit status");
    acknowledged.into_inner().expect("no client panicked")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_drains_and_exits_with_status_0() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &[("MEMO__SERVER__SHUTDOWN_DRAIN_DELAY", "2s")]).await;
    assert_eq!(server.get("/readyz", "").await.0, StatusCode::OK);
    server.signal(Signal::TERM);
    let drains = async {
        while server.get("/readyz", "").await.0 == StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, drains).await.expect("the server reports draining");
    let (status, problem) = server.get("/readyz", "").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("draining")));
    assert_eq!(server.get("/healthz", "").await.0, StatusCode::OK, "the server still serves");
    let status =
        timeout(PATIENCE, server.child.wait()).await.expect("the server exits in time").expect("the exit status");
    assert_eq!(status.code(), Some(0));
}

async fn migrate(folder: &Path, url: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = command(folder, &[("MEMO__DATABASE__URL", url)]);
    let output =
        timeout(PATIENCE, command.arg("migrate").args(arguments).output()).await.expect("the command ends in time");
    let output = output.expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.success(), text(output.stdout) + &text(output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_migration_is_resumed() {
    let folder = TempDir::new().expect("a folder");
    let databases = [Server::Postgres.database().await, Server::MySql.database().await];
    let urls = databases.iter().flatten().map(memo_test_databases::TestDatabase::url);
    for url in urls.chain(["sqlite:killed.db".to_owned()]) {
        for round in 0..6 {
            let mut killed = command(folder.path(), &[("MEMO__DATABASE__URL", &url)]);
            let mut killed = killed.args(["migrate", "up"]).spawn().expect("the binary starts");
            tokio::time::sleep(Duration::from_millis(20 + 45 * round)).await;
            killed.kill().await.expect("the command is killed or has ended");
            let (succeeded, text) = migrate(folder.path(), &url, &["up"]).await;
            assert!(succeeded && !text.contains("pending"), "{url}: {text}");
            let (succeeded, text) = migrate(folder.path(), &url, &["down", "--steps", "9"]).await;
            assert!(succeeded && !text.contains("applied"), "{url}: {text}");
        }
    }
}
