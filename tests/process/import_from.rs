//! `memo import-from`. What it reads of each program is tested in `crates/import`.

use std::{fs, path::Path, process::Output};

use tempfile::TempDir;
use tokio::time::timeout;

use crate::running::{PATIENCE, Running, command};

async fn import_from(folder: &Path, kind: &str, file: &str) -> Output {
    let child = command(folder, &[]).args(["import-from", kind, file]).spawn().expect("the binary starts");
    timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").expect("its output")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_becomes_memos_of_a_server() {
    let folder = TempDir::new().expect("a folder");
    let vault = folder.path().join("vault");
    fs::create_dir_all(vault.join(".obsidian")).expect("a folder");
    fs::write(vault.join("주간회의록.md"), "---\ntags: [work]\ncreated: 2026-01-01T09:00:00Z\n---\n- [ ] 배포\n")
        .expect("a note");
    fs::write(vault.join("둘.md"), "# 두 번째\n\n내용\n").expect("a note");
    fs::write(vault.join("photo.png"), [1, 2, 3]).expect("a file");
    let output = import_from(folder.path(), "markdown", "vault").await;
    let (lines, log) = (output.stdout, String::from_utf8(output.stderr).expect("UTF-8"));
    assert!(output.status.success() && log.starts_with("2 memos\nleft out: photo.png: "), "{log}");
    let again = import_from(folder.path(), "markdown", "vault").await;
    assert_eq!(String::from_utf8(again.stdout), String::from_utf8(lines.clone()), "the ids are the same each time");

    let server = Running::start(folder.path(), &[]).await;
    server.sign_up().await;
    let tokens = server.sign_in().await;
    let token = tokens["access_token"].as_str().expect("a token");
    let request = server.client.post(format!("{}/api/v1/me/import", server.url)).bearer_auth(token);
    let response = request.header("Content-Type", "application/x-ndjson").body(lines).send().await.expect("a response");
    let report: serde_json::Value =
        serde_json::from_str(&response.text().await.expect("a body")).expect("a report in JSON");
    assert_eq!(report["created"], 2, "{report}");
    let (_, list) = server.get("/api/v1/memos?tag=work", token).await;
    let memo = &list["items"][0];
    assert_eq!((&memo["title"], &memo["content"]), (&"주간회의록".into(), &"- [ ] 배포\n".into()));
    assert_eq!(memo["created_at"], "2026-01-01T09:00:00Z");
}

#[tokio::test]
async fn an_archive_that_can_not_be_read_is_one_line() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("broken.zip"), "PK not really").expect("a file");
    for (kind, file) in [("keep", "broken.zip"), ("jex", "missing.jex")] {
        let output = import_from(folder.path(), kind, file).await;
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.starts_with(&format!("memo: {file}")) && error.lines().count() == 1, "{error}");
        assert!(output.stdout.is_empty());
    }
    let unknown = import_from(folder.path(), "onenote", "broken.zip").await;
    let error = String::from_utf8(unknown.stderr).expect("UTF-8");
    assert!(error.contains("markdown, keep, enex, usememos, jex"), "{error}");
}
