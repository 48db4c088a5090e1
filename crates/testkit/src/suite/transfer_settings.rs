//! Limits of imports and exports that settings change. These tests start their own apps.

use std::{future::pending, io::ErrorKind, time::Duration};

use memo_conformance::{TestStore, pause};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    TestApp, User,
    suite::{
        archives::{ZIP, counts, file, import as import_archive, zip},
        transfer_limits::{head, import, line},
    },
};

pub async fn import_size_is_limited(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.import.max_size.0 = 10_000).start().await;
    let alice = app.user("alice").await;
    import(&alice, vec![b'\n'; 10_000]).await.expect_status(200);
    import(&alice, vec![b'\n'; 10_001]).await.expect_status(413).problem("body_too_large");
}

pub async fn archive_is_limited_by_the_size_of_an_import(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).settings(|settings| settings.import.max_size.0 = 10_000).start().await;
    let alice = app.user("alice").await;
    let half = "가".repeat(2_000);
    let fits = zip(&[file("a.md", half.as_bytes())]);
    let both = zip(&[file("a.md", half.as_bytes()), file("b.md", half.as_bytes())]);
    assert!(both.len() < 10_000);
    import_archive(&alice, "markdown", ZIP, both).await.expect_status(413).problem("archive_too_large");
    import_archive(&alice, "markdown", ZIP, vec![0; 10_001]).await.expect_status(413).problem("body_too_large");
    assert_eq!(counts(&import_archive(&alice, "markdown", ZIP, fits).await.expect_status(200)), [1, 0, 0]);
}

/// Imports memos whose export is longer than the buffers on the way to a client.
async fn import_long_memos(user: &User) {
    // In JSON, each of these characters takes six bytes.
    let content = "\u{1}".repeat(100_000);
    let line = |n| {
        let mut line = line(n);
        line["content"] = content.as_str().into();
        line.to_string()
    };
    let lines: Vec<_> = (1..=30).map(line).collect();
    assert_eq!(import(user, lines.join("\n")).await.expect_status(200)["created"], 30);
}

pub async fn answer_that_is_not_read_ends(store: Box<dyn TestStore>) {
    let limit = serde_json::from_value(json!("3s")).expect("a time");
    let app = TestApp::builder(store).settings(|settings| settings.server.request_timeout = limit).start().await;
    let alice = app.user("alice").await;
    import_long_memos(&alice).await;
    let request = [head(&alice, "GET /api/v1/me/export HTTP/1.1"), b"\r\n".to_vec()].concat();
    let mut connection = app.open(&request).await;
    let mut size = connection.read(&mut [0; 1_000]).await.expect("the head");
    // Nothing is read for several times the limit.
    let _ = timeout(Duration::from_secs(10), pending::<()>()).await;
    app.anonymous().get("/healthz").await.expect_status(200);
    let mut rest = Vec::new();
    match connection.read_to_end(&mut rest).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    size += rest.len();
    assert!(size < 15 << 20 && !rest.ends_with(b"0\r\n\r\n"), "{size}");
}

pub async fn import_stores_nothing_after_its_user_has_signed_out(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let chunk = |text: String| format!("{:x}\r\n{text}\r\n", text.len());
    let begin = "Connection: close\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    let first = chunk(format!("{}\n", line(1)));
    let request = [head(&alice, "POST /api/v1/me/import HTTP/1.1"), begin.into(), first.into()].concat();
    let mut connection = app.open(&request).await;
    alice.end_sessions().await.expect_empty(204);
    let rest = format!("{}0\r\n\r\n", chunk(format!("{}\n", line(2))));
    connection.write_all(rest.as_bytes()).await.expect("the rest is sent");
    let mut response = String::new();
    connection.read_to_string(&mut response).await.expect("a response");
    assert!(response.starts_with("HTTP/1.1 401 ") && response.contains("sign_in_ended"), "{response}");
    let tokens = alice.sign_in(&alice.email, &alice.password).await.expect_status(200);
    let again = app.anonymous().with_token(tokens.text("access_token"));
    assert_eq!(again.titles(&[]).await, [""; 0]);
}

pub async fn export_ends_after_its_user_has_signed_out(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    import_long_memos(&alice).await;
    let request = [head(&alice, "GET /api/v1/me/export HTTP/1.1"), b"Connection: close\r\n\r\n".to_vec()].concat();
    let mut connection = app.open(&request).await;
    connection.read_exact(&mut [0; 100]).await.expect("the head");
    alice.end_sessions().await.expect_empty(204);
    pause(Duration::from_secs(5)).await;
    let mut rest = Vec::new();
    let _ = connection.read_to_end(&mut rest).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{} bytes, and the end", rest.len());
}
