//! Users export all their data, and import memos.

mod claim;
mod export;
mod import;

use std::sync::Arc;

use crate::Ports;
pub use claim::ImportClaim;
pub use export::{Export, Record};
pub use import::{ImportOutcome, ImportedMemo};

/// Export and import of a user's data.
pub struct Transfer {
    ports: Arc<Ports>,
}

impl Transfer {
    #[must_use]
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }
}
