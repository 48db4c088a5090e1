use std::fmt::Display;

use memo_application::{ArchiveReport, DroppedEntry, ImportOutcome, ImportedLike, ImportedMemo, LikeOutcome};
use memo_domain::{MemoId, Version};

use crate::prelude::*;

/// The maximum number of reassigned ids in a report,
const MAX_REASSIGNED: usize = 1_000;
/// and that of dropped entries.
const MAX_DROPPED: usize = 1_000;

/// The result of an import.
#[derive(Serialize, Default, ToSchema)]
#[schema(example = json!({"created": 2, "updated": 0, "kept": 1, "revisions": 5, "likes": 1, "settings": false, "ignored": 3, "reassigned": [], "dropped": [{"name": "a.png", "reason": "attachments are not imported"}], "dropped_more": 0}))]
pub struct ImportReport {
    /// The number of memos that were created.
    created: u64,
    /// The number of memos that were replaced by a newer state.
    updated: u64,
    /// The number of memos that already had the same or a newer state.
    kept: u64,
    /// The number of revisions that were restored, of memos that were created.
    revisions: u64,
    /// The number of likes that were added.
    likes: u64,
    /// Whether settings of the account were changed.
    pub settings: bool,
    /// The number of lines of a kind that is not imported.
    pub ignored: u64,
    /// The memos whose id belongs to another user, at most the first 1,000.
    #[schema(max_items = 1000)]
    reassigned: Vec<Reassigned>,
    /// What was left out, such as attachments of an archive, shares, webhooks, API keys, revisions without their memo, and likes of memos that the user
    /// cannot read, at most the first 1,000.
    #[schema(max_items = 1000)]
    dropped: Vec<Dropped>,
    /// How many more were dropped.
    dropped_more: u64,
}

/// A memo that was imported with another id.
#[derive(Serialize, ToSchema)]
struct Reassigned {
    /// The id in the import.
    #[schema(format = "uuid")]
    id: String,
    /// The id of the memo on this server; the same for each import.
    #[schema(format = "uuid")]
    new_id: String,
}

/// Something that was left out.
#[derive(Serialize, ToSchema)]
struct Dropped {
    /// The name of the entry, of the note, of the attachment or of the record, for display only.
    name: String,
    /// Why, in English.
    reason: String,
}

impl ImportReport {
    /// The report of an archive none of whose memos are imported yet.
    pub fn of_archive(archive: ArchiveReport) -> Self {
        let dropped = archive.dropped.into_iter().take(MAX_DROPPED);
        Self {
            dropped: dropped.map(|DroppedEntry { name, reason }| Dropped { name, reason }).collect(),
            dropped_more: archive.dropped_more,
            ..Self::default()
        }
    }

    /// Adds what is left out, since its secret is not exported.
    pub fn drop_secret(&mut self, name: impl Display, reason: &str) {
        self.drop(name.to_string(), reason);
    }

    /// Adds a revision that is left out.
    pub fn drop_revision(&mut self, memo: MemoId, version: Version, reason: &str) {
        self.drop(format!("revision {} of memo {memo}", version.get()), reason);
    }

    /// Adds what became of a like.
    pub fn add_like(&mut self, like: ImportedLike, outcome: LikeOutcome) {
        match outcome {
            LikeOutcome::Added => self.likes += 1,
            LikeOutcome::Unchanged => {}
            LikeOutcome::Skipped => {
                let name = format!("like of memo {}", like.memo_id);
                self.drop(name, "there is no such memo that the user can read");
            }
        }
    }

    fn drop(&mut self, name: String, reason: &str) {
        if self.dropped.len() < MAX_DROPPED {
            self.dropped.push(Dropped { name, reason: reason.to_owned() });
        } else {
            self.dropped_more += 1;
        }
    }

    /// Adds what became of a memo.
    pub fn add(&mut self, memo: &ImportedMemo, id: MemoId, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Created => {
                self.created += 1;
                self.revisions += memo.revisions.len() as u64;
            }
            ImportOutcome::Updated => self.updated += 1,
            ImportOutcome::Unchanged => self.kept += 1,
        }
        if id != memo.id && self.reassigned.len() < MAX_REASSIGNED {
            self.reassigned.push(Reassigned { id: memo.id.to_string(), new_id: id.to_string() });
        }
    }
}
