use memo_conformance::TestStore;
use memo_domain::Store;
use memo_memory::MemoryStore;
use memo_testkit::*;
use serde_json::json;
use std::sync::Arc;
struct F(Arc<MemoryStore>);
impl TestStore for F {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}
async fn f() -> Option<Box<dyn TestStore>> {
    Some(Box::new(F(Arc::new(MemoryStore::new()))))
}
async fn t(s: Box<dyn TestStore>) {
    let app =
        TestApp::builder(s).settings(|s| s.cors.allowed_origins = vec!["https://app.example.com".into()]).start().await;
    let a = app.user("alice").await;
    let id = a.memo("x").await;
    let show = |n: &str, x: &Answer| {
        println!(
            "{n}: {} {} {:?}",
            x.status,
            String::from_utf8_lossy(&x.body).chars().take(260).collect::<String>(),
            x.header("access-control-allow-origin")
        )
    };
    for b in ["[\"t\"]", "[\"t\",\"c\",[],true]", "{\"title\":\"a\",\"visibility\":{\"public\":null}}", "[]"] {
        show(b, &a.call("POST", "/api/v1/memos").body("application/json", b).await);
    }
    show("patch []", &a.call("PATCH", &format!("/api/v1/memos/{id}")).body("application/json", "[]").await);
    show("patch [..]", &a.call("PATCH", &format!("/api/v1/memos/{id}")).body("application/json", "[\"new\"]").await);
    show("restore []", &a.call("POST", &format!("/api/v1/memos/{id}/restore")).body("application/json", "[]").await);
    show("me [..]", &a.call("PATCH", "/api/v1/me").body("application/json", "[\"new name\"]").await);
    show("locale map", &a.call("PATCH", "/api/v1/me").body("application/json", "{\"locale\":{\"ko\":null}}").await);
    for q in ["limit=", "permanent=", "tag=%ff", "sort=", "created_after=", "cursor=", "visibility="] {
        show(q, &a.get(&format!("/api/v1/memos?{q}")).await);
    }
    show("del permanent=", &a.delete_memo(&id).query(&[("permanent", "")]).await);
    show("HEAD inm", &a.call("HEAD", &format!("/api/v1/memos/{id}")).if_none_match("*").await);
    for p in ["/api/v1/memos/x", "/nowhere", "/api/v1/memos?limit=0"] {
        show(p, &a.get(p).header("origin", "https://app.example.com").await);
    }
    show("ok", &a.me().header("origin", "https://app.example.com").await);
    show("other origin", &a.me().header("origin", "https://evil.example.com").await);
    show(
        "preflight evil",
        &a.call("OPTIONS", "/api/v1/me")
            .header("origin", "https://evil.example.com")
            .header("access-control-request-method", "PATCH")
            .await,
    );
    show("upper id", &a.get_memo(&id.to_uppercase()).await);
    show("braced id", &a.get_memo(&format!("%7B{id}%7D")).await);
    show("simple id", &a.get_memo(&id.replace('-', "")).await);
    println!("{}", app.exchange(b"GET / HTTP/1.0\r\n\r\n").await);
    println!("{}", app.exchange(b"GET /readyz HTTP/1.1\r\n\r\n").await);
    println!(
        "{}",
        app.exchange(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await
    );
    println!("{}", app.exchange(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await);
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    println!(
        "{}",
        app.exchange(format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{many}\r\n").as_bytes())
            .await
    );
    println!(
        "{}",
        app.exchange(
            format!(
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx: {}\r\n\r\n",
                "x".repeat(200_000)
            )
            .as_bytes()
        )
        .await
    );
    println!(
        "{}",
        app.exchange(
            format!("GET /{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "x".repeat(70_000)).as_bytes()
        )
        .await
    );
}
#[test]
fn scratch() {
    run("x", f, t)
}
