//! A full disk under a SQLite file.

use std::{fs, path::Path};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{Running, command_on_small_disk};

/// Writes a file until the disk is full.
fn fill(file: &Path) {
    use std::io::Write;
    let mut file = fs::File::create(file).expect("the disk of the server");
    while file.write_all(&[0; 512]).is_ok() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_is_a_503_until_there_is_room_again() {
    let folder = TempDir::new().expect("a folder");
    let variables = [("MEMO__DATA_DIR", "disk/data"), ("MEMO__LOG__LEVEL", "info")];
    let Some(command) = command_on_small_disk(folder.path(), "3m", &variables).await else {
        println!("skipped: no file system can be mounted");
        return;
    };
    let memo = Running::spawn(command).await;
    memo.sign_up().await;
    let token = memo.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let body = json!({"title": "before", "content": "x"});
    assert_eq!(memo.post("/memos", &token, &body).await.expect("a response").0, StatusCode::CREATED);

    let disk = format!("/proc/{}/root{}/disk", memo.child.id().expect("it runs"), folder.path().display());
    let filling = Path::new(&disk).join("filling");
    fill(&filling);
    let body = json!({"title": "during", "content": "x".repeat(5_000)});
    let refused = |(status, problem): (StatusCode, Value)| {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        assert_eq!(
            (&problem["code"], &problem["reason"]),
            (&json!("store_unavailable"), &json!("disk_full")),
            "{problem}"
        );
        let text = problem.to_string();
        assert!(!text.contains("disk/data") && !text.contains("INSERT"), "{text}");
    };
    for _ in 0..2 {
        for response in join_all((0..8).map(|_| memo.post("/memos", &token, &body))).await {
            refused(response.expect("a response"));
        }
        refused(memo.get("/readyz", "").await);
        let response = memo.client.get(format!("{}/readyz", memo.url)).send().await.expect("a response");
        assert!(response.headers().contains_key("retry-after"));
        let (status, page) = memo.get("/api/v1/memos", &token).await;
        assert_eq!((status, page["items"].as_array().expect("items").len()), (StatusCode::OK, 1), "reads go on");
    }
    // The cause.
    memo.log_with("database or disk is full").await;

    fs::remove_file(&filling).expect("removed");
    assert_eq!(memo.get("/readyz", "").await.0, StatusCode::OK);
    assert_eq!(memo.post("/memos", &token, &body).await.expect("a response").0, StatusCode::CREATED);
    let (_, page) = memo.get("/api/v1/memos", &token).await;
    assert_eq!(page["items"].as_array().expect("items").len(), 2, "{page}");
}
