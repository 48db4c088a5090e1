//! What happens while the database is away.

use std::time::{Duration, Instant};

use memo_test_databases::{Proxy, Server};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_database_is_a_503_in_time_and_passes() {
    tokio::join!(an_outage_passes(Server::Postgres), an_outage_passes(Server::MySql));
}

async fn an_outage_passes(server: Server) {
    let Some(database) = server.database().await else { return };
    let proxy = Proxy::start(server.address()).await;
    let folder = TempDir::new().expect("a folder");
    let url = database.url_behind(proxy.port());
    let memo = Running::start(folder.path(), &[("MEMO__DATABASE__URL", &url), ("MEMO__LOG__SQL", "true")]).await;
    memo.sign_up().await;
    let token = memo.sign_in().await["access_token"].as_str().expect("a token").to_owned();
    let body = json!({"title": "during an outage"});
    for outage in [Proxy::freeze, Proxy::cut] {
        outage(&proxy);
        for path in ["/api/v1/me", "/readyz"] {
            let start = Instant::now();
            let request = memo.client.get(format!("{}{path}", memo.url)).bearer_auth(&token);
            let answer = request.send().await.expect("an answer");
            assert!(start.elapsed() < Duration::from_millis(2_500), "{path} took {:?}", start.elapsed());
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(answer.headers().contains_key("retry-after"), "{path}");
            let problem: Value = answer.json().await.expect("a problem");
            assert_eq!(problem["code"], "store_unavailable", "{path}");
        }
        let start = Instant::now();
        let (status, _) = memo.post("/memos", &token, &body).await.expect("an answer");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(start.elapsed() < Duration::from_millis(2_500), "a write took {:?}", start.elapsed());
        assert_eq!(memo.get("/healthz", "").await.0, StatusCode::OK);
        proxy.restore().await;
        assert_eq!(memo.get("/api/v1/me", &token).await.0, StatusCode::OK, "it works again at once");
        assert_eq!(memo.get("/readyz", "").await.0, StatusCode::OK);
        assert_eq!(memo.post("/memos", &token, &body).await.expect("an answer").0, StatusCode::CREATED);
    }
}
