//! Language models by the chat completions of OpenAI (`POST {base}/chat/completions`), which Ollama, vLLM, llama.cpp and others
//! have, too.

mod answer;
mod chunk;
mod events;
mod model;
mod request;
mod settings;

use memo_domain::{ModelError, Source};

pub use model::ChatModel;
pub use settings::{ModelSettings, ModelSettingsError};

fn failed(source: impl Into<Source>) -> ModelError {
    ModelError::Failed { source: source.into(), retry_after: None }
}
