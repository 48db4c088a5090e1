//! The body of a call.

use memo_domain::{CompletionOptions, Prompt};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    max_tokens: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    /// Whether a last event has the numbers of tokens.
    include_usage: bool,
}

/// Returns the body as JSON.
pub fn body(model: &str, prompt: &Prompt, options: &CompletionOptions) -> Vec<u8> {
    let body = Body {
        model,
        messages: [
            Message { role: "system", content: &prompt.instructions },
            Message { role: "user", content: &prompt.input },
        ],
        max_tokens: options.max_tokens.get(),
        temperature: options.temperature.map(memo_domain::Temperature::get),
        top_p: options.top_p.map(memo_domain::TopP::get),
        stream: options.is_streamed,
        stream_options: options.is_streamed.then_some(StreamOptions { include_usage: true }),
    };
    // Writing to memory cannot fail, nor can keys that are strings.
    serde_json::to_vec(&body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use memo_domain::{MaxTokens, Temperature, TopP};
    use serde_json::{Value, json};

    use super::*;

    fn read(options: &CompletionOptions) -> Value {
        let prompt = Prompt { instructions: "Summarize".into(), input: "\"회의\"\n".into() };
        serde_json::from_slice(&body("small", &prompt, options)).expect("JSON")
    }

    #[test]
    fn absent_options_are_left_to_the_model() {
        let messages = json!([
            {"role": "system", "content": "Summarize"}, {"role": "user", "content": "\"회의\"\n"}
        ]);
        assert_eq!(
            read(&CompletionOptions::default()),
            json!({"model": "small", "messages": messages, "max_tokens": 1024, "stream": false})
        );
        let options = CompletionOptions {
            temperature: Temperature::new(0.5).ok(),
            top_p: TopP::new(1.0).ok(),
            max_tokens: MaxTokens::new(7).expect("a number"),
            is_streamed: true,
        };
        assert_eq!(
            read(&options),
            json!({
                "model": "small", "messages": messages, "max_tokens": 7, "temperature": 0.5, "top_p": 1.0,
                "stream": true, "stream_options": {"include_usage": true}
            })
        );
    }
}
