//! Outages of the database.

use std::time::{Duration, Instant};

use memo_test_databases::{Proxy, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_outage_is_a_quick_503_and_recovers() {
    tokio::join!(check_outage(Server::Postgres), check_outage(Server::MySql));
}

async fn check_outage(server: Server) {
    let Some(database) = server.database().await else { return };
    let proxy = Proxy::start(server.address()).await;
    let folder = TempDir::new().expect("a folder");
    let url = database.url_through(proxy.port());
    let memo = Running::start(folder.path(), &[("MEMO__DATABASE__URL", &url), ("MEMO__LOG__SQL", "true")]).await;
    memo.sign_up().await;
    let token = memo.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let body = json!({"title": "during an outage"});
    for outage in [Proxy::freeze, Proxy::cut] {
        outage(&proxy);
        for path in ["/api/v1/me", "/readyz"] {
            let start = Instant::now();
            let request = memo.client.get(format!("{}{path}", memo.url)).bearer_auth(&token);
            let response = request.send().await.expect("a response");
            assert!(start.elapsed() < Duration::from_millis(2_500), "{path} took {:?}", start.elapsed());
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(response.headers().contains_key("retry-after"), "{path}");
            let problem: Value = response.json().await.expect("a problem");
            assert_eq!(problem["code"], "store_unavailable", "{path}");
        }
        let start = Instant::now();
        let (status, _) = memo.post("/memos", &token, &body).await.expect("a response");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(start.elapsed() < Duration::from_millis(2_500), "a write took {:?}", start.elapsed());
        assert_eq!(memo.get("/healthz", "").await.0, StatusCode::OK);
        proxy.restore().await;
        assert_eq!(memo.get("/api/v1/me", &token).await.0, StatusCode::OK, "the server recovers immediately");
        assert_eq!(memo.get("/readyz", "").await.0, StatusCode::OK);
        assert_eq!(memo.post("/memos", &token, &body).await.expect("a response").0, StatusCode::CREATED);
    }
}
