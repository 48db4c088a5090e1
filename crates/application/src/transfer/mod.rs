//! Users export all their data, and import memos, likes and settings.

mod archive;
mod claim;
mod export;
mod history;
mod import;
mod restore;

use std::sync::Arc;

use crate::Ports;
pub use archive::{ArchiveError, ArchiveKind, ArchiveReport, ArchiveWorker, DroppedEntry, MarkdownArchive};
pub use claim::ImportClaim;
pub use export::{Export, ExportContents, Record};
pub use history::{ImportedHistory, ImportedRevision, ImportedText, UnfitRevision};
pub use import::{ImportOutcome, ImportedMemo};
pub use restore::{ImportedLike, ImportedSettings, LikeOutcome};

/// Export and import of a user's data.
pub struct Transfer {
    ports: Arc<Ports>,
    archives: Arc<dyn ArchiveWorker>,
}

impl Transfer {
    #[must_use]
    pub const fn new(ports: Arc<Ports>, archives: Arc<dyn ArchiveWorker>) -> Self {
        Self { ports, archives }
    }
}
