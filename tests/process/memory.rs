//! How much memory it takes.

use std::{
    fmt::Write,
    fs, io,
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::stream;
use reqwest::{Body, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::running::Running;

const MEMOS: usize = 600;
const LINE: usize = 100_000;
/// What a server may take beside what it had, however long the export is; half of it are SQLite's pages. This one is 60 MB.
const MOST: usize = 40 << 20;

/// What the process has for itself, in bytes: the pages of the database's file are the system's to take back.
fn memory(server: &Running) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id().expect("it runs")));
    let status = status.expect("its state");
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.strip_suffix("kB")).expect("its memory");
    kib.trim().parse::<usize>().expect("a number") << 10
}

fn line(number: usize) -> String {
    let id = format!("0198c0de-7f00-7000-8000-{number:012x}");
    let mut line = format!(r#"{{"kind":"memo","id":"{id}","title":"{number}","content":""#);
    while line.len() < LINE {
        let _ = write!(line, "{number} 주간회의록 of week {}, ", line.len() % 97);
    }
    line + r#"","created_at":"2026-01-31T09:00:00Z","updated_at":"2026-01-31T09:00:00Z"}"# + "\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_and_an_import_take_little_of_it_however_long_they_are() {
    let folder = TempDir::new().expect("a folder");
    let server = Running::start(folder.path(), &[("MEMO__SERVER__WORKERS", "1")]).await;
    server.sign_up().await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();

    let url = |name: &str| format!("{}/api/v1/me/{name}", server.url);
    // What it had at most while lines came in.
    let bring = async |numbers: Range<usize>| {
        let answered = AtomicBool::new(false);
        let lines: Vec<_> = numbers.map(|number| Ok::<_, io::Error>(line(number))).collect();
        let body = Body::wrap_stream(stream::iter(lines));
        let request = server.client.post(url("import")).header("content-type", "application/x-ndjson").body(body);
        let answer = async {
            let answer = request.bearer_auth(&token).send().await.expect("an answer");
            answered.store(true, Ordering::Relaxed);
            assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
        };
        let watch = async {
            let mut peak = 0;
            while !answered.load(Ordering::Relaxed) {
                peak = peak.max(memory(&server));
                sleep(Duration::from_millis(5)).await;
            }
            peak
        };
        tokio::join!(answer, watch).1
    };
    // What was taken along, and what it had at most meanwhile.
    let take = async || {
        let mut answer = server.client.get(url("export")).bearer_auth(&token).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let (mut bytes, mut lines, mut peak) = (0, 0, 0);
        while let Some(part) = answer.chunk().await.expect("all of it") {
            bytes += part.len();
            lines += part.split(|byte| *byte == b'\n').count() - 1;
            peak = peak.max(memory(&server));
        }
        (bytes, lines, peak)
    };
    // So that all is warm.
    bring(0..30).await;
    take().await;
    let before = memory(&server);
    let import = bring(30..MEMOS).await.saturating_sub(before);
    let (bytes, lines, peak) = take().await;
    let export = peak.saturating_sub(before);
    println!("{bytes} bytes: import {import}, export {export}");
    assert!(bytes > MEMOS * LINE && lines >= MEMOS, "{bytes} bytes in {lines} lines");
    assert!(import < MOST && export < MOST, "import {import}, export {export} bytes beside what it had");
    let (_, page) = server.get("/api/v1/memos?limit=1&include_total=true", &token).await;
    assert_eq!(page["total"], Value::from(MEMOS));
}
