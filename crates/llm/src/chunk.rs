//! What a chat API answers: the whole of it, or a part of a stream.

use memo_domain::{ModelError, TokenUsage};
use serde::{Deserialize, de::IgnoredAny};

use crate::failed;

/// A response, or the data of an event. Other fields are ignored.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    choices: Vec<Choice>,
    model: Option<String>,
    usage: Option<Usage>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    /// The part of a stream.
    delta: Option<Message>,
    /// The whole answer.
    message: Option<Message>,
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// What such a piece adds to the answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The text; `None` if it has no message.
    pub text: Option<String>,
    /// The name of the model.
    pub model: Option<String>,
    /// How many tokens the call took.
    pub usage: Option<TokenUsage>,
    /// Whether the model has ended its text.
    pub is_finished: bool,
}

impl Chunk {
    /// Reads a response or the data of an event.
    ///
    /// # Errors
    /// [`ModelError::Failed`] if it is another JSON value, or an error. Its text is not shown: it may be that of a memo.
    pub fn read(json: &[u8]) -> Result<Self, ModelError> {
        let wire: Wire = serde_json::from_slice(json).map_err(|error| {
            failed(format!("the answer is no chat completion (line {}, column {})", error.line(), error.column()))
        })?;
        if wire.error.is_some() {
            return Err(failed("the answer is an error"));
        }
        let usage = wire
            .usage
            .map(|usage| TokenUsage { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens });
        let choice = wire.choices.into_iter().next();
        let is_finished = choice.as_ref().is_some_and(|choice| choice.finish_reason.is_some());
        let message = choice.and_then(|choice| choice.message.or(choice.delta));
        Ok(Self { text: message.and_then(|message| message.content), model: wire.model, usage, is_finished })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Chunk {
        Chunk { text: Some(text.to_owned()), ..Chunk::default() }
    }

    #[test]
    fn whole_answers_and_parts_are_read() {
        for (json, chunk) in [
            (r#"{"choices": [{"delta": {"role": "assistant", "content": "a"}, "finish_reason": null}]}"#, text("a")),
            (
                r#"{"choices": [{"delta": {}, "finish_reason": "stop"}]}"#,
                Chunk { is_finished: true, ..Chunk::default() },
            ),
            (r#"{"choices": [], "usage": null, "error": null, "x": [1]}"#, Chunk::default()),
            (
                r#"{"choices": [{"index": 0, "message": {"content": "b"}, "finish_reason": "length"}], "model": "m",
                    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}"#,
                Chunk {
                    text: Some("b".into()),
                    model: Some("m".into()),
                    usage: Some(TokenUsage { prompt_tokens: 3, completion_tokens: 1 }),
                    is_finished: true,
                },
            ),
        ] {
            assert_eq!(Chunk::read(json.as_bytes()).expect(json), chunk);
        }
    }

    #[test]
    fn other_values_are_refused_without_showing_them() {
        for json in [
            "hunter2",
            "",
            "[]",
            "\"hunter2\"",
            r#"{"choices": "hunter2"}"#,
            r#"{"choices": [{"message": {"content": ["hunter2"]}}]}"#,
            r#"{"usage": {"prompt_tokens": "hunter2"}}"#,
            r#"{"usage": {"prompt_tokens": -1}}"#,
            r#"{"error": {"message": "hunter2"}}"#,
            "{\"choices\": [{\"delta\": {\"content\": \"\u{1}\"}}]}",
        ] {
            let error = format!("{:?}", Chunk::read(json.as_bytes()).expect_err(json));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
