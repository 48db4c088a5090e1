use std::{fmt::Display, io};

use memo_domain::{Causes, StoreError};
use thiserror::Error;

use crate::SettingsError;

/// Why the server can't start or run. The text is one line for its operator.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting is invalid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The store failed.
    #[error("the store can't be opened: {}", Causes(.0))]
    Store(#[from] StoreError),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// The reader of the output of a command has closed it. The command ends successfully.
    #[error("the output is closed")]
    OutputClosed,
    /// A second SIGINT ended the server at once.
    #[error("interrupted")]
    Interrupted,
    /// Anything else, described by the text.
    #[error("{0}")]
    Unusable(String),
}

impl StartError {
    /// Anything else than the other variants.
    pub(crate) fn unusable(text: impl Into<String>) -> Self {
        Self::Unusable(text.into())
    }

    /// A setting is invalid; the text begins with its name.
    pub(crate) fn setting(text: impl Display) -> Self {
        Self::Settings(SettingsError::new(text.to_string()))
    }

    /// A setting needs an adapter that this binary lacks.
    #[cfg_attr(
        all(
            feature = "sql",
            feature = "redis",
            feature = "oidc",
            feature = "smtp",
            feature = "llm",
            feature = "kakao"
        ),
        expect(dead_code, reason = "this binary has every adapter")
    )]
    pub(crate) fn not_built_in(what: &str, feature: &str) -> Self {
        Self::setting(format!("{what} are not built in (cargo feature `{feature}`)"))
    }
}
