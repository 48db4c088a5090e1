use std::io;

use memo_crypto::KeyFileError;
use memo_domain::StoreError;
use thiserror::Error;

use crate::SettingsError;

/// Why the server does not run, in one line for a person.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A key file is broken.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The store can't be opened.
    #[error("the store can't be opened: {}", chain(.0))]
    Store(#[from] StoreError),
    /// The system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// Something else that the text says.
    #[error("{0}")]
    Unusable(String),
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<_> = causes.map(|cause| cause.to_string().replace('\n', " ")).collect();
    // Many errors repeat their cause.
    texts.dedup_by(|next, text| text.contains(next.as_str()));
    texts.join(": ")
}
