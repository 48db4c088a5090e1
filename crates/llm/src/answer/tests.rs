//! Answers over bodies in memory, so that time can be paused.

use std::{future::pending, io, sync::Arc};

use futures_util::stream;
use tokio::{sync::Semaphore, time::timeout};

use super::*;

/// What is sent, each after this pause.
type Sent = (Duration, Vec<u8>);

const PAUSE: Duration = Duration::from_secs(30);
const TOTAL: Duration = Duration::from_mins(5);
const AT_ONCE: Duration = Duration::ZERO;

fn events() -> Form {
    Form::Events(Lines::default())
}

fn whole() -> Form {
    Form::Whole(Vec::new())
}

fn part(text: &str) -> Vec<u8> {
    format!("data: {{\"choices\": [{{\"delta\": {{\"content\": \"{text}\"}}}}]}}\n\n").into_bytes()
}

/// An answer that arrives like this; without an end, its body stays open.
fn answer(form: Form, sent: impl IntoIterator<Item = Sent>, has_end: bool) -> Box<dyn ModelAnswer> {
    let sent: Vec<_> = sent.into_iter().collect();
    let body = stream::unfold(sent.into_iter(), move |mut sent| async move {
        match sent.next() {
            Some((pause, bytes)) => {
                let _ = timeout(pause, pending::<()>()).await;
                Some((Ok::<_, io::Error>(bytes), sent))
            }
            None if has_end => None,
            None => pending().await,
        }
    });
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a permit");
    let limits = Limits { pause: PAUSE, deadline: Instant::now() + TOTAL };
    Box::new(Answer::new(Box::pin(body), permit, form, "small", limits))
}

/// The text of an answer, its error, and the time that it took.
async fn read(mut answer: Box<dyn ModelAnswer>) -> (String, Option<ModelError>, Duration) {
    let (mut text, begin) = (String::new(), Instant::now());
    let error = loop {
        match answer.next().await {
            Ok(Some(part)) => text.push_str(&part),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    (text, error, begin.elapsed())
}

#[track_caller]
fn assert_failed(error: Option<&ModelError>, says: &str) {
    let Some(ModelError::Failed { source, .. }) = error else { panic!("{error:?}") };
    assert!(source.to_string().contains(says), "{source}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_an_answer() {
    for (form, sent) in [
        (events(), vec![]),
        (events(), vec![(AT_ONCE, part("a"))]),
        (whole(), vec![]),
        (whole(), vec![(AT_ONCE, b"{".to_vec())]),
    ] {
        let (_, error, time) = read(answer(form, sent, false)).await;
        assert!(matches!(error, Some(ModelError::TimedOut)), "{error:?}");
        assert!((PAUSE..PAUSE + Duration::from_secs(1)).contains(&time), "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn interrupted_waits_count_as_one_silence() {
    let mut answer = answer(events(), [(AT_ONCE, part("a"))], false);
    assert_eq!(answer.next().await.expect("a part").as_deref(), Some("a"));
    let begin = Instant::now();
    let error = loop {
        if let Ok(next) = timeout(Duration::from_secs(5), answer.next()).await {
            break next.expect_err("no part");
        }
    };
    assert!(matches!(error, ModelError::TimedOut) && begin.elapsed() <= PAUSE + Duration::from_secs(5));
    assert!(answer.next().await.expect("no error").is_none(), "nothing follows an error");
}

#[tokio::test(start_paused = true)]
async fn time_of_the_reader_is_no_silence() {
    let mut answer = answer(events(), [(AT_ONCE, part("a")), (Duration::from_secs(1), part("b"))], false);
    assert!(answer.next().await.expect("a part").is_some());
    let _ = timeout(2 * PAUSE, pending::<()>()).await;
    assert!(answer.next().await.expect("a part").is_some());
}

#[tokio::test(start_paused = true)]
async fn slow_bytes_end_after_the_total_time() {
    let slow = |bytes: Vec<u8>| bytes.into_iter().map(|byte| (PAUSE / 2, vec![byte])).collect::<Vec<_>>();
    let json = br#"{"choices": [{"message": {"content": "a"}}]}"#.to_vec();
    for (form, sent) in [(events(), slow(part("a"))), (whole(), slow(json))] {
        let (text, error, time) = read(answer(form, sent, true)).await;
        assert!(matches!(error, Some(ModelError::TimedOut)) && text.is_empty(), "{error:?}");
        assert!((TOTAL..TOTAL + Duration::from_secs(1)).contains(&time), "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn long_text_is_refused() {
    let long = "x".repeat(1 << 10);
    let parts = |count: usize| {
        std::iter::repeat_n((AT_ONCE, part(&long)), count).chain([(AT_ONCE, b"data: [DONE]\n".to_vec())])
    };
    let (text, error, _) = read(answer(events(), parts(MAX_TEXT >> 10), true)).await;
    assert!(error.is_none() && text.len() == MAX_TEXT);
    let (text, error, _) = read(answer(events(), parts((MAX_TEXT >> 10) + 1), true)).await;
    assert_failed(error.as_ref(), "the text has more than");
    assert!(text.len() <= MAX_TEXT);
    let json = |size: usize| format!(r#"{{"choices": [{{"message": {{"content": "{}"}}}}]}}"#, "x".repeat(size));
    let (text, error, _) = read(answer(whole(), [(AT_ONCE, json(MAX_TEXT).into_bytes())], true)).await;
    assert!(error.is_none() && text.len() == MAX_TEXT);
    let (_, error, _) = read(answer(whole(), [(AT_ONCE, json(MAX_TEXT + 1).into_bytes())], true)).await;
    assert_failed(error.as_ref(), "the text has more than");
}

#[tokio::test(start_paused = true)]
async fn large_body_is_refused_whatever_it_has() {
    let comments = (0..=MAX_STREAM >> 16).map(|_| (AT_ONCE, [vec![b':'; (1 << 16) - 1], vec![b'\n']].concat()));
    assert_failed(read(answer(events(), comments, false)).await.1.as_ref(), "the answer has more than");
    let spaces = (0..=MAX_WHOLE >> 16).map(|_| (AT_ONCE, vec![b' '; 1 << 16]));
    assert_failed(read(answer(whole(), spaces, false)).await.1.as_ref(), "the answer has more than");
    let line = (0..100).map(|_| (AT_ONCE, vec![b'x'; 1 << 16]));
    assert_failed(read(answer(events(), line, false)).await.1.as_ref(), "a line has more than");
}

#[tokio::test(start_paused = true)]
async fn end_without_done_is_complete_only_after_a_reason() {
    let finished = b"data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\n".to_vec();
    let (text, error, _) = read(answer(events(), [(AT_ONCE, part("a")), (AT_ONCE, finished)], true)).await;
    assert!(error.is_none() && text == "a", "{error:?}");
    let (text, error, _) = read(answer(events(), [(AT_ONCE, part("a"))], true)).await;
    assert_failed(error.as_ref(), "broke off");
    assert_eq!(text, "a");
    assert_failed(read(answer(whole(), [(AT_ONCE, b"{}".to_vec())], true)).await.1.as_ref(), "no text");
}

#[tokio::test(start_paused = true)]
async fn model_and_usage_are_those_of_the_answer() {
    let last = r#"data: {"choices": [], "model": "small-2026", "usage": {"prompt_tokens": 7, "completion_tokens": 2}}"#;
    let sent = [(AT_ONCE, part("a")), (AT_ONCE, format!("{last}\n\ndata: [DONE]\n\n").into_bytes())];
    let mut answer = answer(events(), sent, false);
    assert_eq!((answer.next().await.expect("a part").as_deref(), answer.model()), (Some("a"), "small"));
    assert!(answer.next().await.expect("the end").is_none());
    assert_eq!(answer.model(), "small-2026");
    assert_eq!(answer.usage(), Some(TokenUsage { prompt_tokens: 7, completion_tokens: 2 }));
}

#[test]
fn form_follows_from_the_media_type() {
    for (media_type, is_events) in [
        ("text/event-stream", true),
        ("Text/Event-Stream; charset=utf-8", true),
        ("application/json", false),
        ("application/json;charset=UTF-8", false),
    ] {
        let form = Form::of(Some(media_type)).expect(media_type);
        assert_eq!(matches!(form, Form::Events(_)), is_events, "{media_type}");
    }
    for media_type in [None, Some(""), Some("text/html"), Some("text/plain"), Some("application/jsonl")] {
        assert_failed(Form::of(media_type).err().as_ref(), "neither JSON nor");
    }
}
