//! Limits of imports and exports that settings change. These tests start their own apps.

use std::{future::pending, io::ErrorKind, time::Duration};

use memo_conformance::TestStore;
use serde_json::json;
use tokio::{io::AsyncReadExt, time::timeout};

use crate::{
    TestApp,
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

pub async fn answer_that_is_not_read_ends(store: Box<dyn TestStore>) {
    let limit = serde_json::from_value(json!("3s")).expect("a time");
    let app = TestApp::builder(store).settings(|settings| settings.server.request_timeout = limit).start().await;
    let alice = app.user("alice").await;
    // In JSON, each of these characters takes six bytes.
    let content = "\u{1}".repeat(100_000);
    let line = |n| {
        let mut line = line(n);
        line["content"] = content.as_str().into();
        line.to_string()
    };
    let lines: Vec<_> = (1..=30).map(line).collect();
    assert_eq!(import(&alice, lines.join("\n")).await.expect_status(200)["created"], 30);
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
