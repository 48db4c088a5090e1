//! Messages of Kakao.

use std::sync::Arc;

use memo_domain::Notifier;

use crate::{Settings, StartError};

/// The message API of Kakao.
#[cfg(feature = "kakao")]
const API_BASE: &str = "https://kapi.kakao.com";

/// Returns the message API of `kakao`, if the settings have anything of Kakao.
///
/// # Errors
/// [`StartError`] if the setting is invalid. An unreachable API is no error.
#[cfg(feature = "kakao")]
pub fn messages(settings: &Settings, public_url: &Arc<str>) -> Result<Option<Arc<dyn Notifier>>, StartError> {
    if !settings.has_kakao() {
        return Ok(None);
    }
    let api_base = settings.kakao.api_base.as_deref().unwrap_or(API_BASE);
    let messages = memo_kakao::KakaoMessages::new(api_base, public_url.clone());
    let messages = messages.map_err(|error| StartError::setting(format!("kakao.{error}")))?;
    Ok(Some(Arc::new(messages)))
}

/// Returns no notifier, as none is built in.
///
/// # Errors
/// [`StartError`] if the settings name the message API.
#[cfg(not(feature = "kakao"))]
pub fn messages(settings: &Settings, _: &Arc<str>) -> Result<Option<Arc<dyn Notifier>>, StartError> {
    match settings.kakao.api_base {
        Some(_) => Err(StartError::not_built_in("kakao.api_base: messages of Kakao", "kakao")),
        None => Ok(None),
    }
}
