//! Responses to requests that reach no operation; request ids, languages, hosts and foreign origins.

use serde_json::json;

use crate::{Response, TestApp, suite::assert_json};

pub async fn unknown_path_is_a_problem_document(app: TestApp) {
    let alice = app.user("alice").await;
    for path in ["/api", "/api/v1", "/api/v1/", "/api/v1/memo", "/api/v1/memos/", "/api/v2/memos", "/nowhere?a=b"] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"] {
            alice.call(method, path).await.expect_status(404).problem("not_found");
        }
    }
    for path in ["/api/v1/memos%2f", "//api/v1/memos", "/API/v1/memos", "/%ff", "/%00", "/api/v1/memos;a=b"] {
        alice.get(path).await.expect_status(404).problem("not_found");
    }
}

pub async fn problem_document_has_all_fields(app: TestApp) {
    let response = app.anonymous().get("/nowhere?a=b").header("x-request-id", "r-1").await.problem("not_found");
    let response = response.expect_header("cache-control", "no-store").expect_header("content-language", "en");
    assert_json!(response.json, @r##"
    {
      "code": "not_found",
      "detail": "There is nothing at this path. Check its spelling; the OpenAPI document lists all paths.",
      "instance": "/nowhere",
      "request_id": "r-1",
      "status": 404,
      "title": "Not found",
      "type": "http://memo.test/docs/errors#not_found"
    }
    "##);
}

pub async fn malformed_json_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let calls = [
        alice.call("POST", "/api/v1/memos"),
        alice.call("POST", "/api/v1/memos/batch"),
        alice.call("PUT", &format!("/api/v1/memos/{id}")),
        alice.call("PATCH", &format!("/api/v1/memos/{id}")),
        alice.call("PATCH", "/api/v1/me"),
        app.anonymous().call("POST", "/api/v1/auth/sign-up"),
    ];
    for call in calls {
        for body in ["", " ", "{", "}", "{\"title\"}", "{\"title\":}", "{'title': 1}", "{\"title\": \"a\"} x", "NaN"] {
            let response = call.clone().body("application/json", body).await;
            response.expect_status(400).problem("invalid_json");
        }
        for body in ["{\"title\": \"a\",}", "\u{feff}{}", "{} {}", "{\"title\": 01}", "{\"title\": \"\\x\"}"] {
            let response = call.clone().body("application/json", body).await;
            response.expect_status(400).problem("invalid_json");
        }
    }
    let call = alice.call("POST", "/api/v1/memos").body("application/json", r#"{"title": "a", "title": "b"}"#);
    call.await.invalid("/title", "duplicate_member");
}

pub async fn valid_request_id_is_echoed(app: TestApp) {
    let anonymous = app.anonymous();
    for id in ["a", "A-b_c.1", &"x".repeat(64), "0198c0de-7f00-7000-8000-0000000000ff"] {
        for path in ["/healthz", "/nowhere", "/api/v1/me", "/docs"] {
            anonymous.get(path).header("x-request-id", id).await.expect_header("x-request-id", id);
        }
    }
}

pub async fn invalid_request_id_is_replaced(app: TestApp) {
    let anonymous = app.anonymous();
    let mut seen = std::collections::BTreeSet::new();
    for id in ["", " ", "a b", "a,b", "<script>", "a\"b", "한", &"x".repeat(65), "a\tb", "{}"] {
        let response = anonymous.get("/nowhere").header("x-request-id", id).await.problem("not_found");
        let new_id = response.text("request_id");
        assert_eq!((new_id.len(), &new_id[14..15]), (36, "7"), "not a UUIDv7: {new_id}");
        assert!(seen.insert(new_id.to_owned()));
    }
    assert!(seen.insert(anonymous.get("/healthz").await.header("x-request-id").expect("an id").to_owned()));
}

pub async fn problem_is_in_the_requested_language(app: TestApp) {
    let alice = app.user("alice").await;
    for (header, language) in [
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("fr, ko;q=0.5", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("de", "en"),
        ("*", "en"),
        ("ko;q=0", "en"),
        (";;;,q=q,\"", "en"),
    ] {
        let call = alice.create_memo(&json!({"title": ""})).header("accept-language", header);
        let response = call.await.invalid("/title", "too_short").expect_header("content-language", language);
        let detail = response["errors"][0]["detail"].as_str().unwrap_or_default();
        for text in [response.text("title"), response.text("detail"), detail] {
            let is_korean = text.chars().any(|c| ('가'..='힣').contains(&c));
            assert_eq!(is_korean, language == "ko", "{header}: {text}");
        }
        assert!(response.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-language")));
    }
}

pub async fn untrusted_host_is_rejected(app: TestApp) {
    let anonymous = app.anonymous();
    for host in [
        "evil.example.com",
        "localhost.evil.example.com",
        "127.0.0.1.nip.io",
        "memo@evil.example.com",
        "memo@localhost",
        "[::1]",
    ] {
        for path in ["/readyz", "/api/v1/memos", "/docs", "/nowhere"] {
            let response = anonymous.get(path).header("host", host).await;
            response.expect_status(400).problem("untrusted_host");
        }
        anonymous.get("/healthz").header("host", host).await.expect_status(200);
    }
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1"] {
        anonymous.get("/readyz").header("host", host).await.expect_status(200);
    }
    // Forwarding headers of a client are not trusted.
    for name in ["x-forwarded-host", "forwarded"] {
        let response = anonymous.get("/readyz").header("host", "evil.example.com").header(name, "host=localhost").await;
        response.problem("untrusted_host");
    }
}

pub async fn foreign_origin_gets_no_cors_headers(app: TestApp) {
    let alice = app.user("alice").await;
    let origin = "https://app.example.com";
    let response = alice.me().header("origin", origin).await.expect_status(200);
    response.expect_no_header("access-control-allow-origin");
    let preflight = app.anonymous().call("OPTIONS", "/api/v1/memos").header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "POST").await;
    let preflight = preflight.expect_no_header("access-control-allow-origin");
    preflight.expect_no_header("access-control-allow-methods").expect_empty(204);
}

/// Parses a response from its bytes on the wire.
fn parsed(text: &str, method: &str, path: &str, app: &TestApp) -> Response {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| {
        (name.parse().expect("the name of a header"), value.parse().expect("the value of a header"))
    });
    let (path, url) = (path.to_owned(), app.url().to_owned());
    Response::new(method, path, url, status, headers.collect(), body.as_bytes().to_vec())
}

pub async fn malformed_http_is_rejected(app: TestApp) {
    for request in [
        "GARBAGE\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        "POST /api/v1/auth/sign-up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}",
        "\u{1}\u{2}\u{3}\r\n\r\n",
    ] {
        let text = app.exchange(request.as_bytes()).await;
        let response = parsed(&text, "GET", "/", &app);
        assert_eq!(response.status, 400, "{request:?}: {text:?}");
    }
    app.anonymous().get("/healthz").await.expect_status(200);
}

pub async fn request_without_a_trusted_host_is_rejected(app: TestApp) {
    let text = app.exchange(b"GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(parsed(&text, "GET", "/readyz", &app).status, 400, "{text:?}");
    let text = app.exchange(b"GET /readyz HTTP/1.0\r\n\r\n").await;
    parsed(&text, "GET", "/readyz", &app).expect_status(400).problem("untrusted_host");
    // The absolute form of the request target overrides the `Host` header (RFC 9112, section 3.2.2).
    let request = b"GET http://evil.example.com/readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let text = app.exchange(request).await;
    parsed(&text, "GET", "/readyz", &app).expect_status(400).problem("untrusted_host");
}

pub async fn requests_after_the_last_one_are_not_processed(app: TestApp) {
    let alice = app.user("alice").await;
    let create = |title: &str, connection: &str| {
        let body = json!({"title": title}).to_string();
        format!(
            "POST /api/v1/memos HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n{body}",
            alice.access_token,
            body.len()
        )
    };
    let get = |version: &str, connection: &str| format!("GET /healthz HTTP/{version}\r\n{connection}\r\n");
    for last in [get("1.1", "Host: localhost\r\nConnection: close\r\n"), get("1.0", "")] {
        let pipeline = create("first", "keep-alive") + &last + &create("late", "keep-alive") + &create("late", "close");
        let text = app.exchange(pipeline.as_bytes()).await;
        let rest = text.split_once("HTTP/1.1 201").expect("the first response").1.split_once("HTTP/1.");
        let rest = rest.expect("the last response").1.to_lowercase();
        assert!(rest.contains("connection: close") && !rest.contains("http/1.1 201"), "{text}");
    }
    let mut titles = alice.titles(&[]).await;
    titles.sort_unstable();
    assert_eq!(titles, ["first", "first"]);
}

pub async fn truncated_body_creates_no_memo(app: TestApp) {
    let alice = app.user("alice").await;
    let head = format!(
        "POST /api/v1/memos HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        alice.access_token
    );
    for chunks in ["zz\r\n{\"title\":\"a\"}\r\n0\r\n\r\n", "f\r\n{\"title\": \"abc\r\n0\r\n\r\n"] {
        let text = app.exchange(format!("{head}{chunks}").as_bytes()).await;
        // The server may close the connection without a response if it cannot find the end of the request.
        assert!(text.is_empty() || parsed(&text, "POST", "/api/v1/memos", &app).status == 400, "{text:?}");
    }
    let whole = format!("{head}8\r\n{{\"title\"\r\n7\r\n: \"ab\"}}\r\n0\r\n\r\n");
    assert_eq!(parsed(&app.exchange(whole.as_bytes()).await, "POST", "/api/v1/memos", &app).status, 201);
    assert_eq!(alice.titles(&[]).await, ["ab"]);
}
