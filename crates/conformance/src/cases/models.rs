use std::{
    error::Error,
    iter::successors,
    time::{Duration, Instant},
};

use memo_domain::{CompletionOptions, LanguageModel, ModelAnswer, ModelError, Prompt};
use tokio::time::timeout;

use crate::{
    eventually,
    subjects::{ModelBehaviour, TestModel},
};

/// Parts that an adapter could mistake for its own syntax, or cut inside a character.
static PARTS: [&str; 6] = ["회의는 ", "금요일", "\n\ndata: [DONE]\n\n", "\r\n: \"}", " 👩‍👩‍👧‍👦\u{2028}", "[DONE]"];
/// A text that no error may show.
const SECRET: &str = "hunter2-of-the-memo";

fn prompt() -> Prompt {
    Prompt { instructions: format!("Repeat {SECRET}"), input: format!("\"{SECRET}\\\n\u{1}회의") }
}

fn options(is_streamed: bool) -> CompletionOptions {
    CompletionOptions { is_streamed, ..CompletionOptions::default() }
}

async fn ask(model: &dyn LanguageModel, is_streamed: bool) -> Result<Box<dyn ModelAnswer>, ModelError> {
    model.complete(&prompt(), &options(is_streamed)).await
}

/// Reads an answer to its end: its text, and how it ended.
async fn read(answer: &mut dyn ModelAnswer) -> (String, Result<(), ModelError>) {
    let mut text = String::new();
    loop {
        match answer.next().await {
            Ok(Some(part)) => {
                assert!(!part.is_empty(), "a part is not empty");
                text.push_str(&part);
            }
            Ok(None) => return (text, Ok(())),
            Err(error) => return (text, Err(error)),
        }
    }
}

/// The text and the ending of an answer, or the error that came instead of one.
async fn outcome(model: &dyn LanguageModel, is_streamed: bool) -> (String, Result<(), ModelError>) {
    match ask(model, is_streamed).await {
        Ok(mut answer) => read(&mut *answer).await,
        Err(error) => (String::new(), Err(error)),
    }
}

pub(crate) async fn an_answer_arrives_whole(given: Box<dyn TestModel>) {
    let model = given.model();
    for parts in [&PARTS[..], &["a"], &[]] {
        assert!(given.behave(ModelBehaviour::Answers(parts)), "a model can answer");
        for is_streamed in [false, true] {
            let mut answer = ask(&*model, is_streamed).await.expect("an answer");
            let (text, ended) = read(&mut *answer).await;
            ended.expect("a complete answer");
            assert_eq!(text, parts.concat());
            assert!(answer.next().await.expect("no error").is_none(), "the end lasts");
            assert!(!answer.model().is_empty());
        }
    }
}

pub(crate) async fn a_dropped_wait_loses_no_text(given: Box<dyn TestModel>) {
    given.behave(ModelBehaviour::Answers(&PARTS));
    let mut answer = ask(&*given.model(), true).await.expect("an answer");
    let (mut text, begin) = (String::new(), Instant::now());
    loop {
        match timeout(Duration::ZERO, answer.next()).await {
            Err(_) => assert!(begin.elapsed() < Duration::from_mins(1), "the answer ends"),
            Ok(part) => match part.expect("an answer") {
                Some(part) => text.push_str(&part),
                None => break,
            },
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(text, PARTS.concat());
}

pub(crate) async fn an_answer_that_breaks_off_is_an_error(given: Box<dyn TestModel>) {
    let model = given.model();
    assert!(given.behave(ModelBehaviour::BreaksOff("half an")), "a model can fail");
    for is_streamed in [false, true] {
        match ask(&*model, is_streamed).await {
            Ok(mut answer) => {
                let (text, ended) = read(&mut *answer).await;
                assert!(matches!(ended, Err(ModelError::Failed { .. })), "{ended:?}");
                assert!("half an".starts_with(&text), "{text}");
                assert!(matches!(answer.next().await, Ok(None)), "nothing follows an error");
            }
            Err(error) => assert!(matches!(error, ModelError::Failed { .. }), "{error:?}"),
        }
    }
}

pub(crate) async fn a_silent_model_times_out(given: Box<dyn TestModel>) {
    let model = given.model();
    for behaviour in [ModelBehaviour::Silent, ModelBehaviour::SilentAfter("half an")] {
        if !given.behave(behaviour) {
            return;
        }
        let begin = Instant::now();
        let (whole, streamed) = tokio::join!(outcome(&*model, false), outcome(&*model, true));
        for (_, ended) in [whole, streamed] {
            assert!(matches!(ended, Err(ModelError::TimedOut)), "{ended:?}");
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    }
}

pub(crate) async fn an_endless_answer_is_refused(given: Box<dyn TestModel>) {
    let model = given.model();
    if !given.behave(ModelBehaviour::Endless) {
        return;
    }
    for is_streamed in [false, true] {
        let (text, ended) = outcome(&*model, is_streamed).await;
        assert!(matches!(ended, Err(ModelError::Failed { .. })), "{ended:?}");
        assert!(text.len() <= 1 << 20, "{} bytes", text.len());
    }
}

pub(crate) async fn a_redirect_of_a_model_is_not_followed(given: Box<dyn TestModel>) {
    let model = given.model();
    if !given.behave(ModelBehaviour::Redirects) {
        return;
    }
    let (_, ended) = outcome(&*model, false).await;
    assert!(matches!(ended, Err(ModelError::Failed { .. })), "{ended:?}");
    model.check().await.expect_err("a redirect is no answer");
    assert_eq!(given.followed_redirects(), 0);
}

pub(crate) async fn a_dropped_answer_ends_the_call(given: Box<dyn TestModel>) {
    let model = given.model();
    given.behave(ModelBehaviour::WaitsAfter("half an"));
    let mut answer = ask(&*model, true).await.expect("an answer");
    assert_eq!(answer.next().await.expect("a part").as_deref(), Some("half an"));
    assert_eq!(given.running(), 1);
    drop(answer);
    eventually("the end of the call", async || (given.running() == 0).then_some(())).await;
    // Also while it waits for a part, or for the answer.
    let waiting = tokio::spawn(async move { outcome(&*model, false).await });
    eventually("a call", async || (given.running() == 1).then_some(())).await;
    waiting.abort();
    eventually("the end of the call", async || (given.running() == 0).then_some(())).await;
}

pub(crate) async fn calls_of_a_model_are_bounded(given: Box<dyn TestModel>) {
    let model = given.model();
    given.behave(ModelBehaviour::WaitsAfter("half an"));
    let mut running = Vec::new();
    let error = loop {
        match ask(&*model, true).await {
            Ok(answer) => running.push(answer),
            Err(error) => break error,
        }
        assert!(running.len() <= 1_000, "the number of calls has no bound");
    };
    assert!(matches!(error, ModelError::Busy { retry_after } if retry_after > Duration::ZERO), "{error:?}");
    running.pop();
    running.push(ask(&*model, true).await.expect("there is room again"));
}

pub(crate) async fn an_error_of_a_model_shows_no_text(given: Box<dyn TestModel>) {
    let model = given.model();
    let mut secrets = given.credentials();
    secrets.push(SECRET.to_owned());
    for behaviour in [
        ModelBehaviour::BreaksOff(SECRET),
        ModelBehaviour::Refuses(SECRET),
        ModelBehaviour::Garbage(SECRET),
        ModelBehaviour::Redirects,
    ] {
        if !given.behave(behaviour) {
            continue;
        }
        for is_streamed in [false, true] {
            let error = outcome(&*model, is_streamed).await.1.expect_err("an error");
            let mut texts = vec![format!("{error:?}")];
            texts.extend(
                successors(Some(&error as &(dyn Error + 'static)), |&error| error.source()).map(ToString::to_string),
            );
            for text in texts {
                assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{behaviour:?}: {text}");
                assert!(text.lines().count() == 1 && text.len() < 1_000, "{text}");
            }
        }
    }
}
