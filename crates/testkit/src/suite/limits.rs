//! Size limits of requests.

use serde_json::{Value, json};

use crate::TestApp;

const MIB: usize = 1024 * 1024;

pub async fn body_size_is_limited(app: TestApp) {
    let alice = app.user("alice").await;
    let post = alice.call("POST", "/api/v1/memos");
    // White space counts.
    let padded = |length: usize| {
        let value = json!({"title": "a"}).to_string();
        " ".repeat(length - value.len()) + &value
    };
    post.clone().body("application/json", padded(2 * MIB)).await.expect_status(201);
    for length in [2 * MIB + 1, 5 * MIB] {
        for call in [
            post.clone(),
            alice.call("PUT", "/api/v1/memos/0198c0de-7f00-7000-8000-0000000000ff"),
            alice.call("PATCH", "/api/v1/memos/0198c0de-7f00-7000-8000-0000000000ff"),
            alice.call("POST", "/api/v1/memos/0198c0de-7f00-7000-8000-0000000000ff/restore"),
            alice.call("PATCH", "/api/v1/me"),
            alice.call("POST", "/api/v1/auth/sign-up"),
        ] {
            let response = call.body("application/json", padded(length)).await;
            response.expect_status(413).problem("body_too_large");
        }
    }
    assert_eq!(alice.titles(&[]).await, ["a"]);
}

pub async fn chunked_body_size_is_limited(app: TestApp) {
    let alice = app.user("alice").await;
    let mut request = format!(
        "POST /api/v1/memos HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        alice.access_token
    )
    .into_bytes();
    let chunk = vec![b' '; MIB];
    for _ in 0..3 {
        request.extend(format!("{MIB:x}\r\n").into_bytes());
        request.extend(&chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    let response = app.exchange(&request).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response:?}");
    assert!(response.contains("\"body_too_large\""), "{response:?}");
}

pub async fn unneeded_body_is_harmless(app: TestApp) {
    let alice = app.user("alice").await;
    let body = || "x".repeat(5 * MIB);
    for (method, path) in [("GET", "/api/v1/memos"), ("GET", "/healthz"), ("DELETE", "/api/v1/memos/x"), ("GET", "/x")]
    {
        let response = alice.call(method, path).body("application/json", body()).await;
        assert!([200, 400, 404, 413].contains(&response.status), "{}", response.shown());
    }
}

/// `depth` arrays or objects, nested in one another.
fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

pub async fn json_depth_is_limited_to_64(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    for call in [
        alice.call("POST", "/api/v1/memos"),
        alice.call("POST", "/api/v1/memos/batch"),
        alice.call("PUT", &format!("/api/v1/memos/{id}")),
        alice.call("PATCH", &format!("/api/v1/memos/{id}")),
        alice.call("PATCH", "/api/v1/me"),
        alice.call("POST", &format!("/api/v1/memos/{id}/restore")),
        alice.call("POST", "/api/v1/auth/sign-up"),
    ] {
        for (open, close) in [("[", "]"), ("{\"title\":", "}")] {
            // At the limit, the JSON is read and has the wrong type.
            let response = call.clone().body("application/json", nested(64, open, close)).await;
            response.expect_status(422);
            for depth in [65, 200, 100_000] {
                let response = call.clone().body("application/json", nested(depth, open, close)).await;
                response.expect_status(400).problem("json_too_deep");
            }
        }
    }
    // Brackets within a string do not count.
    let text = "[{".repeat(1_000);
    alice.create_memo(&json!({"title": "b", "content": text})).await.expect_status(201);
    let nest = |body: Value| Value::Array(vec![body]);
    let deep = (0..63).fold(json!({"title": "\"]}"}), |body, _| nest(body));
    alice.create_memo(&deep).await.expect_status(422);
    alice.create_memo(&nest(deep)).await.expect_status(400).problem("json_too_deep");
}

pub async fn uri_length_is_limited(app: TestApp) {
    let alice = app.user("alice").await;
    let long = |prefix: &str, length: usize| format!("{prefix}{}", "a".repeat(length - prefix.len()));
    alice.get(&long("/api/v1/memos?", 8 * 1024)).await.expect_status(422).problem("validation_failed");
    alice.get(&long("/", 8 * 1024)).await.expect_status(404).problem("not_found");
    for length in [8 * 1024 + 1, 32 * 1024] {
        for prefix in ["/", "/api/v1/memos?tag=", "/api/v1/memos/", "/docs/"] {
            alice.get(&long(prefix, length)).await.expect_status(414).problem("uri_too_long");
        }
    }
}

pub async fn header_size_is_limited(app: TestApp) {
    let alice = app.user("alice").await;
    alice.me().header("x-padding", "x".repeat(30 * 1024)).await.expect_status(200);
    for path in ["/api/v1/me", "/healthz", "/nowhere"] {
        let response = alice.get(path).header("x-padding", "x".repeat(32 * 1024)).await;
        response.expect_status(431).problem("headers_too_large");
    }
    let many = (0..80).fold(alice.me(), |call, n| call.header(&format!("x-padding-{n}"), "x".repeat(500)));
    many.await.expect_status(431).problem("headers_too_large");
}
