//! Sign-in by an account elsewhere: `OpenID` Connect Core 1.0, and the plain OAuth 2.0 of who has no more.

mod discovery;
mod http;
mod id_token;
mod provider;
mod settings;
mod user_info;

use memo_domain::{ProviderError, Source};

pub use provider::Provider;
pub use settings::{ProviderKind, ProviderSettings, ProviderSettingsError};

/// The most of what a provider says that is kept for a log.
const SAID: usize = 300;

fn unavailable(source: impl Into<Source>) -> ProviderError {
    ProviderError::Unavailable { source: source.into() }
}

fn refused(source: impl Into<Source>) -> ProviderError {
    ProviderError::Refused { source: source.into() }
}

/// What a provider said, in a line that is not too long for a log.
fn said(text: &str) -> String {
    let mut line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(SAID).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}
