use serde_json::json;

use crate::TestApp;

pub async fn running_server_is_alive_and_ready(app: TestApp) {
    for path in ["/healthz", "/readyz"] {
        let response = app.anonymous().get(path).await.expect_status(200).expect_header("cache-control", "no-store");
        assert_eq!(response.json, json!({"status": "ok"}));
    }
}

pub async fn public_operations_ignore_credentials(app: TestApp) {
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs", "/docs/errors", "/.well-known/jwks.json"] {
        app.anonymous().with_token("invalid").get(path).await.expect_status(200);
    }
}
