//! Shutdown, and recovery from a kill.

use std::{path::Path, time::Duration};

use memo_test_databases::Server;
use memo_testkit::Durability;
use reqwest::StatusCode;
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};

use crate::running::{PATIENCE, Running, command};

fn durability() -> Durability {
    let durability = Durability::of(env!("CARGO_BIN_EXE_memo"));
    // `make test-cluster` kills more often.
    match std::env::var("MEMO_TEST_KILLS") {
        Ok(kills) => durability.rounds(kills.parse().expect("a number")),
        Err(_) => durability,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_loses_no_acknowledged_write() {
    let check = |folder: &Path| {
        // A copy: the server itself recovers the file.
        let copy = TempDir::new().expect("a folder");
        for name in ["memo.db", "memo.db-wal"] {
            std::fs::copy(folder.join("data").join(name), copy.path().join(name)).expect("a file is copied");
        }
        let file = Connection::open(copy.path().join("memo.db")).expect("the file is opened");
        let found: String = file.query_row("PRAGMA integrity_check", (), |row| row.get(0)).expect("it is checked");
        assert_eq!(found, "ok");
    };
    durability().after_each_kill(check).run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_loses_no_acknowledged_write_on_postgres() {
    check_on(Server::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_loses_no_acknowledged_write_on_mysql() {
    check_on(Server::MySql).await;
}

async fn check_on(server: Server) {
    let Some(database) = server.database().await else { return };
    durability().variable("MEMO__DATABASE__URL", database.url()).run().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_ends_the_server_gracefully_unless_it_is_ignored() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Running::start(folder.path(), &[]).await;
    server.signal(Signal::HUP);
    let status = timeout(PATIENCE, server.child.wait()).await.expect("it exits in time").expect("the exit status");
    assert_eq!(status.code(), Some(0));

    let mut nohup = command(folder.path(), &[]);
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\""]).arg(nohup.as_std().get_program()).current_dir(folder.path());
    shell.envs(nohup.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdout(std::process::Stdio::piped()).kill_on_drop(true);
    nohup = shell;
    let mut server = Running::spawn(nohup).await;
    server.signal(Signal::HUP);
    for _ in 0..3 {
        assert_eq!(server.get("/readyz", "").await.0, StatusCode::OK, "it still serves");
    }
    server.signal(Signal::TERM);
    let status = timeout(PATIENCE, server.child.wait()).await.expect("it exits in time").expect("the exit status");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_sigint_ends_the_server_at_once() {
    let folder = TempDir::new().expect("a folder");
    let grace = [("MEMO__SERVER__SHUTDOWN_GRACE", "1m"), ("MEMO__SERVER__SHUTDOWN_DRAIN_DELAY", "1m")];
    let mut server = Running::start(folder.path(), &grace).await;
    server.signal(Signal::INT);
    let drains = async {
        while server.get("/readyz", "").await.0 == StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, drains).await.expect("the server reports draining");
    server.signal(Signal::INT);
    // Much less than the grace, and time for a busy machine.
    let status = timeout(PATIENCE, server.child.wait()).await.expect("it exits at once");
    assert_eq!(status.expect("the exit status").code(), Some(130));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_a_server_that_is_not_ready_yet() {
    // A database that accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("postgres://memo@{}/memo", silent.local_addr().expect("an address"));
    let folder = TempDir::new().expect("a folder");
    let mut starting = command(folder.path(), &[("MEMO__DATABASE__URL", &url)]).spawn().expect("the binary starts");
    let (_connection, _) =
        timeout(PATIENCE, silent.accept()).await.expect("it connects in time").expect("a connection");
    let pid = Pid::from_raw(starting.id().expect("it runs").cast_signed()).expect("a process id");
    kill_process(pid, Signal::TERM).expect("it is running");
    let status = timeout(PATIENCE, starting.wait()).await.expect("it exits in time").expect("the exit status");
    assert_eq!(status.code(), Some(0), "it has not failed for want of the database");
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
            let _ = timeout(Duration::from_millis(20 + 45 * round), killed.wait()).await;
            killed.kill().await.expect("the command is killed or has ended");
            let (succeeded, text) = migrate(folder.path(), &url, &["up"]).await;
            assert!(succeeded && !text.contains("pending"), "{url}: {text}");
            let (succeeded, text) = migrate(folder.path(), &url, &["down", "--steps", "99"]).await;
            assert!(succeeded && !text.contains("applied"), "{url}: {text}");
        }
    }
}
