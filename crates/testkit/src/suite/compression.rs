//! Responses in a content coding.

use serde_json::json;

use crate::{Response, TestApp};

/// A text of 9 KB.
fn text() -> String {
    "주간회의록 a\n".repeat(500)
}

fn varies_by_coding(response: &Response) -> bool {
    response.headers.get_all("vary").iter().any(|value| value == "Accept-Encoding")
}

pub async fn large_response_has_the_coding_that_the_client_prefers(app: TestApp) {
    let alice = app.user("alice").await;
    let create = alice.create_memo(&json!({"title": "a", "content": text()})).header("accept-encoding", "gzip, br");
    let memo = create.await.expect_status(201).expect_header("content-encoding", "gzip");
    let plain = alice.get_memo(memo.id()).await.expect_status(200).expect_no_header("content-encoding");
    assert!(varies_by_coding(&plain));
    // Of equal ones, Brotli is for what is sent repeatedly.
    for (accepted, coding) in
        [("gzip", "gzip"), ("br", "br"), ("gzip;q=0.9, br;q=0.1", "gzip"), ("gzip, deflate, br, zstd", "br")]
    {
        let coded = alice.get_memo(memo.id()).header("accept-encoding", accepted).await.expect_status(200);
        let coded = coded.expect_header("content-encoding", coding);
        assert_eq!(coded.body, plain.body);
        assert_eq!(coded.tag(), format!("{}-{coding}\"", plain.tag().trim_end_matches('"')));
        assert!(varies_by_coding(&coded));
        let size: usize = coded.header("content-length").expect("a length").parse().expect("a number");
        assert!(size < plain.body.len() / 4, "{size}");
        let head = alice.call("HEAD", &format!("/api/v1/memos/{}", memo.id())).header("accept-encoding", accepted);
        head.await.expect_empty(200).expect_header("etag", coded.tag());
    }
    for accepted in ["identity", "zstd", "gzip;q=0", "identity, gzip;q=0.5"] {
        let response = alice.get_memo(memo.id()).header("accept-encoding", accepted).await.expect_status(200);
        assert_eq!(response.expect_no_header("content-encoding").tag(), plain.tag(), "{accepted}");
    }
    for path in ["/docs/swagger-ui-bundle.js", "/openapi.json", "/docs/errors"] {
        let plain = app.anonymous().get(path).await.expect_status(200);
        for coding in ["br", "br", "gzip"] {
            let coded = app.anonymous().get(path).header("accept-encoding", coding).await.expect_status(200);
            assert_eq!(coded.expect_header("content-encoding", coding).body, plain.body, "{path}");
        }
    }
}

pub async fn tag_of_a_coded_response_names_the_same_version(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.create_memo(&json!({"title": "a", "content": text()})).await.expect_status(201).id().to_owned();
    for coding in ["gzip", "br"] {
        let coded = alice.get_memo(&id).header("accept-encoding", coding).await.expect_status(200);
        let repeated = alice.get_memo(&id).header("accept-encoding", coding).if_none_match(coded.tag()).await;
        let repeated = repeated.expect_empty(304).expect_header("etag", coded.tag());
        assert!(varies_by_coding(&repeated));
        alice.get_memo(&id).if_none_match(coded.tag()).await.expect_empty(304);
        let page = alice.list_memos(&[]).header("accept-encoding", coding).await.expect_status(200);
        alice.list_memos(&[]).if_none_match(page.tag()).await.expect_empty(304);
        let change = json!({"pinned": coding == "gzip"});
        alice.patch_memo(&id, &change).if_match(coded.tag()).await.expect_status(200);
        alice.patch_memo(&id, &json!({"archived": true})).if_match(coded.tag()).await.problem("precondition_failed");
        alice.get_memo(&id).if_none_match(coded.tag()).await.expect_status(200);
    }
}

pub async fn repeated_response_is_the_same_in_each_coding(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.create_memo(&json!({"title": "a", "content": text()})).await.expect_status(201).id().to_owned();
    let plain = (alice.get_memo(&id).await.body, alice.list_memos(&[]).await.body);
    for accepted in ["gzip, br", "gzip", "gzip, br", "br", "identity", "gzip"] {
        let memo = alice.get_memo(&id).header("accept-encoding", accepted).await.expect_status(200);
        let page = alice.list_memos(&[]).header("accept-encoding", accepted).await.expect_status(200);
        assert_eq!(memo.header("content-encoding").is_some(), accepted != "identity");
        assert_eq!((memo.body, page.body), plain, "{accepted}");
    }
    alice.patch_memo(&id, &json!({"title": "b"})).await.expect_status(200);
    assert_eq!(alice.get_memo(&id).header("accept-encoding", "gzip").await["title"], "b");
}

pub async fn small_secret_and_streamed_responses_have_no_coding(app: TestApp) {
    let alice = app.user("alice").await;
    alice.create_memo(&json!({"title": "a", "content": text()})).await.expect_status(201);
    let me = alice.me().header("accept-encoding", "gzip").await.expect_status(200);
    assert!(me.body.len() < 1_024 && varies_by_coding(&me));
    let export = alice.get("/api/v1/me/export").header("accept-encoding", "gzip").await.expect_status(200);
    assert!(export.body.len() > 1_024);
    let scope = "memos:read ".repeat(200);
    let form =
        [("grant_type", "password"), ("username", &*alice.email), ("password", &*alice.password), ("scope", &scope)];
    let tokens = app.anonymous().token(&form).header("accept-encoding", "gzip").await.expect_status(200);
    for response in [me, export, tokens] {
        let response = response.expect_no_header("content-encoding");
        assert!(response.header("etag").is_none_or(|tag| !tag.contains("gzip")));
    }
}
