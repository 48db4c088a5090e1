//! The language model that the settings name.

use std::sync::Arc;

use memo_domain::LanguageModel;

use crate::{Settings, StartError};

/// Returns the model of `llm`, if the settings name one.
///
/// # Errors
/// [`StartError`] if a setting is invalid. An unreachable model is no error.
#[cfg(feature = "llm")]
pub fn language_model(settings: &Settings) -> Result<Option<Arc<dyn LanguageModel>>, StartError> {
    use memo_llm::{ChatModel, ModelSettings};

    use crate::Hidden;

    let (Some(base_url), Some(model)) = (&settings.llm.base_url, &settings.llm.model) else { return Ok(None) };
    let model = ChatModel::new(ModelSettings {
        base_url: base_url.expose().to_owned(),
        api_key: settings.llm.api_key.as_ref().map(Hidden::expose).map(str::to_owned),
        model: model.clone(),
        pause: *settings.server.request_timeout,
    });
    let model = model.map_err(|error| StartError::setting(format!("llm.{error}")))?;
    Ok(Some(Arc::new(model)))
}

/// Returns no model, as none is built in.
///
/// # Errors
/// [`StartError`] if the settings name one.
#[cfg(not(feature = "llm"))]
pub fn language_model(settings: &Settings) -> Result<Option<Arc<dyn LanguageModel>>, StartError> {
    match settings.llm.base_url {
        Some(_) => Err(StartError::not_built_in("llm.base_url: language models", "llm")),
        None => Ok(None),
    }
}
