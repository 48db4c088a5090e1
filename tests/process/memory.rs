//! Memory use of export and import.

use std::{fmt::Write, fs, io, ops::Range, pin::pin, time::Duration};

use futures_util::stream;
use reqwest::{Body, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::Running;

const MEMOS: usize = 600;
/// How many of them a short export or import has.
const SHORT: usize = 100;
const LINE_LENGTH: usize = 100_000;
const ZIP: &str = "application/zip";
/// Additional memory allowed for a longer export or import, in bytes: this one has 50 MB more than the short one.
const MAX_GROWTH: usize = 40 << 20;

/// The private memory of the process in bytes, without the page cache of the database file.
fn memory(server: &Running) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id().expect("the server runs")));
    let status = status.expect("the process status");
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:")?.strip_suffix("kB"))
        .expect("the memory of the process");
    kib.trim().parse::<usize>().expect("a number") << 10
}

fn line(number: usize) -> String {
    let id = format!("0198c0de-7f00-7000-8000-{number:012x}");
    let mut line = format!(r#"{{"kind":"memo","id":"{id}","title":"{number}","content":""#);
    while line.len() < LINE_LENGTH {
        let _ = write!(line, "{number} 주간회의록 of week {}, ", line.len() % 97);
    }
    line + r#"","created_at":"2026-01-31T09:00:00Z","updated_at":"2026-01-31T09:00:00Z"}"# + "\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_and_import_use_bounded_memory_at_any_length() {
    let folder = TempDir::new().expect("a folder");
    let server = Running::start(folder.path(), &[("MEMO__SERVER__WORKERS", "1")]).await;
    server.sign_up().await;
    let token = server.sign_in().await["access_token"].as_str().expect("a token").to_owned();

    let url = |name: &str| format!("{}/api/v1/me/{name}", server.url);
    // Imports a body; returns the peak memory meanwhile.
    let import = async |target: &str, media_type: &str, body: Body| {
        let request = server.client.post(url(target)).header("content-type", media_type).body(body);
        let (mut response, mut peak) = (pin!(request.bearer_auth(&token).send()), 0);
        let response = loop {
            match timeout(Duration::from_millis(5), &mut response).await {
                Ok(response) => break response.expect("a response"),
                Err(_) => peak = peak.max(memory(&server)),
            }
        };
        assert_eq!(response.status(), StatusCode::OK, "{:?}", response.text().await);
        peak
    };
    let import_memos = async |numbers: Range<usize>| {
        let lines: Vec<_> = numbers.map(|number| Ok::<_, io::Error>(line(number))).collect();
        import("import", "application/x-ndjson", Body::wrap_stream(stream::iter(lines))).await
    };
    // Exports everything; returns the bytes, the lines, and the peak memory meanwhile.
    let export_all = async |format: &str| {
        let target = url(&format!("export?format={format}"));
        let mut response = server.client.get(target).bearer_auth(&token).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        let (mut bytes, mut lines, mut peak) = (Vec::new(), 0, 0);
        while let Some(part) = response.chunk().await.expect("the whole body") {
            bytes.extend_from_slice(&part);
            lines += part.split(|byte| *byte == b'\n').count() - 1;
            peak = peak.max(memory(&server));
        }
        (bytes, lines, peak)
    };
    // What a short one needs does not count.
    let (imported, (_, _, exported)) = (import_memos(0..SHORT).await, export_all("ndjson").await);
    let (zip, _, zipped) = export_all("markdown").await;
    let short = imported.max(exported).max(zipped).max(import("import?from=markdown", ZIP, zip.into()).await);
    let imported = import_memos(SHORT..MEMOS).await;
    let (bytes, lines, exported) = export_all("ndjson").await;
    let (zip, _, zipped) = export_all("markdown").await;
    let unzipped = import("import?from=markdown", ZIP, zip.into()).await;
    let bytes = bytes.len();
    assert!(bytes > MEMOS * LINE_LENGTH && lines >= MEMOS, "{bytes} bytes in {lines} lines");
    let growth = [imported, exported, zipped, unzipped].map(|peak| peak.saturating_sub(short));
    println!("{bytes} bytes: short {short}, growth of import, export, zip and import of the zip {growth:?}");
    assert!(growth.iter().all(|growth| *growth < MAX_GROWTH), "{growth:?} bytes more than a short one");
    let (_, page) = server.get("/api/v1/memos?limit=1&include_total=true", &token).await;
    assert_eq!(page["total"], Value::from(MEMOS));
}
