//! Digests of bodies: a `Content-Digest` is verified on every request.

use serde_json::json;

use crate::{TestApp, content_digest, contract::known};

const OTHER: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

/// With and without a credential, whether or not the operation reads a body.
pub async fn digest_of_another_body_is_refused_by_every_operation(app: TestApp) {
    let alice = app.user("alice").await;
    // The right digests come last: some of these operations end the session.
    for is_right in [false, true] {
        for operation in known().operations() {
            let call = alice.call(&operation.method.to_uppercase(), &operation.target());
            let (media_type, body) = match operation.example() {
                Some((media_type, example)) => (media_type, example.to_string()),
                None => ("application/json", "{}".to_owned()),
            };
            let call = call.body(media_type, body.clone());
            if !is_right {
                // Of the empty body.
                call.header("content-digest", OTHER).await.expect_status(400).problem("digest_mismatch");
            } else if !operation.is_live() {
                // A live connection would not end.
                call.header("content-digest", content_digest(body.as_bytes())).await.expect_no_server_error();
            }
        }
    }
    let anonymous = app.anonymous();
    for target in ["/", "/nowhere", "/openapi.json"] {
        let call = anonymous.get(target).untyped_body("x").header("content-digest", OTHER);
        call.await.expect_status(400).problem("digest_mismatch");
        anonymous.get(target).header("content-digest", OTHER).await.expect_no_server_error();
    }
}

pub async fn refused_digest_says_why(app: TestApp) {
    let alice = app.user("alice").await;
    let create = |digest: &str| alice.create_memo(&json!({"title": "a"})).header("content-digest", digest);
    let mismatch = create(OTHER).await.expect_status(400).problem("digest_mismatch");
    assert_eq!((&mismatch["algorithm"], &mismatch["provided-digest"]), (&json!("sha-256"), &json!(&OTHER[8..])));
    let unsupported = create("md5=:1B2M2Y8AsgTpgAmY7PhCfg==:").await.expect_status(400).problem("digest_unsupported");
    assert_eq!(unsupported["unsupported-algorithm"], "md5");
    assert_eq!(unsupported.header("want-content-digest"), Some("sha-512=5, sha-256=10"));
    let invalid = create("sha-256=:AAAA:").await.expect_status(400).problem("digest_invalid");
    assert_eq!(invalid["type"], "https://iana.org/assignments/http-problem-types#digest-invalid-value");
    let malformed = create("sha-256=:AAAA").await.expect_status(400).problem("digest_invalid");
    assert_eq!(malformed["type"], format!("{}/docs/errors#digest_invalid", app.url()), "no syntax errors");
    assert_eq!(alice.titles(&[]).await, [""; 0]);
}

pub async fn import_with_another_digest_imports_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("old").await;
    let lines = alice.get("/api/v1/me/export").await.expect_status(200).body;
    let (bob, text) = (app.user("bob").await, String::from_utf8(lines).expect("UTF-8"));
    let import = |text: &str| bob.call("POST", "/api/v1/me/import").body("application/x-ndjson", text);
    let digest = content_digest(text.as_bytes());
    let changed = text.replace("old", "new");
    import(&changed).header("content-digest", &digest).await.expect_status(400).problem("digest_mismatch");
    assert_eq!(bob.titles(&[]).await, [""; 0]);
    import(&text).header("content-digest", &digest).await.expect_status(200);
    assert_eq!(bob.titles(&[]).await, ["old"]);
}
