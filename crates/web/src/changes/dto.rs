use memo_application::ChangePage;
use serde::Serialize;
use utoipa::ToSchema;

/// What has become of a memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Change, example = json!({
    "seq": 1024,
    "kind": "memo.updated",
    "memo_id": "0198c0de-7f00-7000-8000-00000000000b",
    "version": 7,
    "at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct Change {
    /// Its number: each member's changes have 1, 2, 3 and so on, in the order in which they took effect, without a gap.
    #[schema(minimum = 1)]
    seq: u64,
    /// What has happened: `memo.created`, `memo.updated`, `memo.trashed`, `memo.restored` or `memo.deleted` (for good).
    /// Other kinds may be added; a client skips those that it does not know.
    #[schema(
        pattern = r"^[a-z_]+(\.[a-z_]+)+$",
        examples("memo.created", "memo.updated", "memo.trashed", "memo.restored", "memo.deleted")
    )]
    kind: &'static str,
    /// Which memo. It is gone where it was deleted for good.
    #[schema(format = "uuid")]
    memo_id: String,
    /// The version that the change led to; that of the last state where the memo was deleted for good.
    #[schema(minimum = 1)]
    version: u32,
    /// When.
    #[schema(format = "date-time")]
    at: String,
}

impl From<memo_domain::Change> for Change {
    fn from(change: memo_domain::Change) -> Self {
        Self {
            seq: change.seq,
            kind: change.kind.name(),
            memo_id: change.memo_id.to_string(),
            version: change.version.get(),
            at: change.at.to_string(),
        }
    }
}

/// Some changes in their order.
#[derive(Serialize, ToSchema)]
pub struct ChangeList {
    /// The changes after `since`, the oldest first; none where there are no more yet.
    #[schema(max_items = 100)]
    items: Vec<Change>,
    /// The next `since`: the number of the last of these changes, or the one asked for where there are none.
    #[schema(minimum = 0)]
    next_since: u64,
}

impl From<ChangePage> for ChangeList {
    fn from(page: ChangePage) -> Self {
        Self { items: page.items.into_iter().map(Into::into).collect(), next_since: page.next_since }
    }
}
