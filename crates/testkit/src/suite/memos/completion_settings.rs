//! Completions under other settings. These tests start their own apps.

use memo_conformance::{TestStore, eventually};
use memo_memory::ModelEnding;
use serde_json::json;
use tokio::io::AsyncReadExt;

use super::completions::{request, streamed};
use crate::TestApp;

pub async fn without_a_model_the_feature_is_disabled(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).without_model().start().await;
    let alice = app.user("alice").await;
    for id in [&*alice.memo("a").await, "0198c0de-7f00-7000-8000-0000000000ff"] {
        for body in [json!({"task": "title"}), streamed("title")] {
            alice.complete(id, &body).await.expect_status(404).problem("feature_disabled");
        }
    }
    alice.complete("a", &json!({"task": "x"})).await.expect_status(404).problem("memo_not_found");
}

pub async fn client_that_is_gone_ends_the_call(store: Box<dyn TestStore>) {
    // A comment is sent each time that half of it has passed.
    let limit = serde_json::from_value(json!("4s")).expect("a time");
    let app = TestApp::builder(store).settings(|settings| settings.server.request_timeout = limit).start().await;
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    app.model.answer_with(&["half an"], ModelEnding::Waits);
    let mut connection = app.open(&request(&alice, &id, "1.1")).await;
    let mut received = Vec::new();
    while !String::from_utf8_lossy(&received).contains("half an") {
        assert_ne!(connection.read_buf(&mut received).await.expect("the beginning"), 0);
    }
    assert_eq!(app.model.running(), 1);
    drop(connection);
    eventually("the end of the call", async || (app.model.running() == 0).then_some(())).await;
}

pub async fn completion_ends_after_its_user_has_signed_out(store: Box<dyn TestStore>) {
    let app = TestApp::builder(store).start().await;
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    app.model.answer_with(&["half an"], ModelEnding::Waits);
    let end = async {
        eventually("both calls", async || (app.model.running() == 2).then_some(())).await;
        alice.end_sessions().await.expect_empty(204);
    };
    let whole = alice.complete(&id, &json!({"task": "summarize"}));
    let (stream, whole, ()) = tokio::join!(alice.complete(&id, &streamed("summarize")), whole, end);
    let stream = String::from_utf8(stream.expect_status(200).body).expect("UTF-8");
    assert!(stream.ends_with("event: error\ndata: {\"code\":\"sign_in_ended\"}\n\n"), "{stream}");
    whole.expect_status(401).problem("sign_in_ended");
    assert_eq!(app.model.running(), 0);
}

pub async fn slow_body_of_a_completion_ends(store: Box<dyn TestStore>) {
    let limit = serde_json::from_value(json!("2s")).expect("a time");
    let app = TestApp::builder(store).settings(|settings| settings.server.request_timeout = limit).start().await;
    let alice = app.user("alice").await;
    let id = alice.memo("a").await;
    let mut request = request(&alice, &id, "1.0");
    request.pop();
    let response = app.exchange(&request).await;
    assert!(response.starts_with("HTTP/1.0 503") || response.starts_with("HTTP/1.1 503"), "{response}");
    assert!(response.contains("request_timeout") && app.model.calls().is_empty(), "{response}");
}
