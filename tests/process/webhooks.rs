//! Webhooks to a receiver on this machine, which the settings allow. Other receivers are tested in `crates/webhooks`.

use std::time::Duration;

use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::running::Running;

const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a request, and answers it.
async fn receive(listener: &TcpListener) -> (String, Value) {
    let receive = async {
        let (mut stream, _): (TcpStream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        loop {
            assert_ne!(stream.read_buf(&mut request).await.expect("a request"), 0);
            let text = String::from_utf8_lossy(&request).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it is sent");
                return (head.to_ascii_lowercase(), body);
            }
        }
    };
    timeout(PATIENCE, receive).await.expect("a message arrives")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhook_reaches_an_allowed_network_and_its_url_is_not_logged() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/in?token=hunter2", listener.local_addr().expect("an address"));
    let folder = TempDir::new().expect("a folder");
    let variables = [
        ("MEMO__WEBHOOKS__ALLOWED_NETWORKS", "127.0.0.0/8"),
        ("MEMO__LOG__LEVEL", "trace"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ];
    let mut server = Running::start(folder.path(), &variables).await;
    server.sign_up().await;
    let tokens = server.sign_in().await;
    let token = tokens["access_token"].as_str().expect("a token");
    let (status, webhook) = server.post("/me/webhooks", token, &json!({"url": url})).await.expect("a response");
    assert_eq!(status, StatusCode::CREATED, "{webhook}");
    let (_, memo) = server.post("/memos", token, &json!({"title": "a"})).await.expect("a response");
    let (head, body) = receive(&listener).await;
    assert!(head.starts_with("post /in?token=hunter2 http/1.1\r\n"), "{head}");
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert!(head.contains(&format!("\r\n{header}: ")), "{head}");
    }
    assert_eq!((&body["type"], &body["data"]["memo_id"]), (&json!("memo.created"), &memo["id"]));
    let private = json!({"url": "http://10.0.0.1/"});
    let (status, problem) = server.post("/me/webhooks", token, &private).await.expect("a response");
    assert_eq!((status, &problem["errors"][0]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("insecure_url")));

    server.signal(Signal::TERM);
    server.child.wait().await.expect("the exit status");
    let log = server.log.lock().expect("the reader has not panicked").clone();
    assert!(log.contains("webhook.created"), "the log has the event");
    for secret in ["hunter2", webhook["secret"].as_str().expect("a secret")] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
}

#[tokio::test]
async fn webhook_to_this_machine_is_refused_without_the_setting() {
    let folder = TempDir::new().expect("a folder");
    let server = Running::start(folder.path(), &[]).await;
    server.sign_up().await;
    let tokens = server.sign_in().await;
    let token = tokens["access_token"].as_str().expect("a token");
    for (url, code) in [
        ("http://127.0.0.1:9/", "insecure_url"),
        ("https://127.0.0.1:9/", "address_not_allowed"),
        ("https://localhost/", "address_not_allowed"),
        ("https://[::ffff:169.254.169.254]/", "address_not_allowed"),
        ("https://0x7f.1/", "address_not_allowed"),
    ] {
        let (status, problem) = server.post("/me/webhooks", token, &json!({"url": url})).await.expect("a response");
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert_eq!(problem["errors"][0]["code"], code, "{url}");
    }
}
