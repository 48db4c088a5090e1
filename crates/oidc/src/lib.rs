//! Social providers: `OpenID` Connect Core 1.0, and plain OAuth 2.0 for those that support nothing more.

mod discovery;
mod http;
mod id_token;
mod preset;
mod provider;
mod roles;
mod settings;
mod tokens;
mod user_info;

use memo_domain::{ProviderError, Source};

pub use preset::{ProviderKind, UnknownKind};
pub use provider::Provider;
pub use settings::{ProviderSettings, ProviderSettingsError};

/// Maximum number of characters of a provider's text that are logged.
const MAX_QUOTE: usize = 300;

fn unavailable(source: impl Into<Source>) -> ProviderError {
    ProviderError::Unavailable { source: source.into() }
}

fn refused(source: impl Into<Source>) -> ProviderError {
    ProviderError::Refused { source: source.into() }
}

/// Returns a provider's text as a short line for the log.
fn quote(text: &str) -> String {
    let mut line: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(MAX_QUOTE).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}
