//! APIs that fail.

use std::time::Duration;

use memo_domain::{Causes, LanguageModel, ModelError};
use memo_llm::{ChatModel, ModelSettings};
use tokio::net::TcpListener;

use crate::{
    calls::{options, prompt, read},
    fake::{Fake, Reply},
};

async fn fails(model: &ChatModel, is_streamed: bool) -> ModelError {
    let answer = match model.complete(&prompt(), &options(is_streamed)).await {
        Ok(answer) => read(answer).await.map(|(text, _)| text),
        Err(error) => Err(error),
    };
    answer.expect_err("an error")
}

#[tokio::test]
async fn invalid_response_is_a_failure() {
    let fake = Fake::start().await;
    let model = fake.model();
    let status = |status: u16| Reply::Status(status, String::new(), r#"{"error": "hunter2"}"#.into());
    let json = |body: &str| Reply::Typed("application/json", body.into());
    let events = |body: &str| Reply::Typed("text/event-stream", body.into());
    for reply in [
        status(400),
        status(401),
        status(404),
        status(500),
        status(503),
        Reply::Status(204, String::new(), String::new()),
        Reply::Status(304, String::new(), String::new()),
        Reply::Typed("text/html", "<html>hunter2</html>".into()),
        Reply::Typed("application/octet-stream", r#"{"choices": []}"#.into()),
        json(""),
        json("hunter2"),
        json("{}"),
        json(r#"{"choices": []}"#),
        json(r#"{"choices": [{"message": {"content": null}}]}"#),
        json(r#"{"choices": [{"message": {"content": 1}}]}"#),
        events(""),
        events("hunter2\n\n"),
        events("data: hunter2\n\ndata: [DONE]\n\n"),
        events("data: {\"error\": {\"message\": \"hunter2\"}}\n\ndata: [DONE]\n\n"),
        events("data: {\"choices\": []}\n\n"),
        Reply::HangUp,
    ] {
        fake.reply(reply.clone());
        for is_streamed in [false, true] {
            let error = fails(&model, is_streamed).await;
            assert!(matches!(error, ModelError::Failed { retry_after: None, .. }), "{reply:?}: {error:?}");
            let line = Causes(&error).to_string();
            assert!(!line.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{line}");
        }
    }
}

#[tokio::test]
async fn refusal_says_when_to_retry() {
    let fake = Fake::start().await;
    for code in [429, 503] {
        fake.reply(Reply::Status(code, "Retry-After: 17\r\n".into(), String::new()));
        let ModelError::Failed { retry_after, source } = fails(&fake.model(), true).await else { panic!("{code}") };
        assert_eq!(retry_after, Some(Duration::from_secs(17)));
        assert!(source.to_string().contains(&code.to_string()), "{source}");
    }
}

#[tokio::test]
async fn api_that_is_away_is_a_failure_and_back_later() {
    let fake = Fake::start().await;
    let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port").local_addr().expect("an address");
    let settings = ModelSettings { base_url: format!("http://{free}/v1"), ..fake.settings() };
    let away = ChatModel::new(settings).expect("valid settings");
    let error = fails(&away, false).await;
    assert!(Causes(&error).to_string().contains(&free.to_string()), "the log names the address: {error:?}");
    away.check().await.expect_err("it is away");
    let model = fake.model();
    fake.reply(Reply::HangUp);
    fails(&model, true).await;
    fake.reply(Reply::Answer(vec!["a".into()]));
    let answer = model.complete(&prompt(), &options(true)).await.expect("an answer");
    assert_eq!(read(answer).await.expect("a complete answer").0, "a");
}
