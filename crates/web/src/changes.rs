//! `/api/v1/changes`.

use memo_application::{ChangePage, Changes};
use memo_domain::{Change, ChangeKind, Limit};

use crate::prelude::*;

operations! {
    list_changes => Policy::scopes(&[Scope::MemosRead]).condition(Condition::IfNoneMatch).problems(&[Code::ResyncRequired]);
}

/// A change of a memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Change, example = json!({
    "seq": 1024,
    "kind": "memo.updated",
    "memo_id": "0198c0de-7f00-7000-8000-00000000000b",
    "version": 7,
    "at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct ChangeDto {
    /// The number of the change: per user, 1, 2, 3 and so on, in the order of their commits, without gaps.
    #[schema(minimum = 1)]
    seq: u64,
    /// What happened: `memo.created`, `memo.updated`, `memo.trashed`, `memo.restored`, `memo.deleted` (permanently),
    /// `memo.liked` or `memo.unliked` (by any user; the version stays), or `memo.reminded` (the version stays). More kinds may be added; clients skip unknown ones.
    #[schema(
        pattern = r"^[a-z_]+(\.[a-z_]+)+$",
        examples("memo.created", "memo.updated", "memo.trashed", "memo.restored", "memo.deleted", "memo.liked")
    )]
    kind: &'static str,
    /// The id of the memo. It may be deleted.
    #[schema(format = "uuid")]
    memo_id: String,
    /// The version of the memo after the change, or its last version if it was deleted.
    #[schema(minimum = 1)]
    version: u32,
    /// When it happened.
    #[schema(format = "date-time")]
    at: String,
}

impl From<Change> for ChangeDto {
    fn from(change: Change) -> Self {
        Self {
            seq: change.seq,
            kind: match change.kind {
                ChangeKind::Created => "memo.created",
                ChangeKind::Updated => "memo.updated",
                ChangeKind::Trashed => "memo.trashed",
                ChangeKind::Restored => "memo.restored",
                ChangeKind::Deleted => "memo.deleted",
                ChangeKind::Liked => "memo.liked",
                ChangeKind::Unliked => "memo.unliked",
                ChangeKind::Reminded => "memo.reminded",
            },
            memo_id: change.memo_id.to_string(),
            version: change.version.get(),
            at: change.at.to_string(),
        }
    }
}

/// Changes, in order.
#[derive(Serialize, ToSchema)]
struct ChangeList {
    /// The changes after `since`, the oldest first; empty if there are no more.
    #[schema(max_items = 100)]
    items: Vec<ChangeDto>,
    /// The next `since`: the number of the last change, or the requested one if there are no changes.
    #[schema(minimum = 0)]
    next_since: u64,
}

impl From<ChangePage> for ChangeList {
    fn from(page: ChangePage) -> Self {
        Self { items: page.items.into_iter().map(ChangeDto::from).collect(), next_since: page.next_since }
    }
}

/// Which changes.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ChangesQuery {
    /// Only changes after this number: `next_since` of the previous response, at first 0.
    #[serde(default, deserialize_with = "parsed")]
    #[garde(custom(natural))]
    #[param(nullable = false, format = "since")]
    since: Option<i64>,
    /// The maximum number of changes.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false, format = "limit")]
    limit: Option<i64>,
}

impl Input for ChangesQuery {
    type Command = (u64, Limit);

    fn read(self, refused: &mut Refusals) -> Result<(u64, Limit), Refused> {
        Ok((self.since.unwrap_or(0).unsigned_abs(), read_limit(self.limit, refused)?))
    }
}

/// Follow changes
///
/// The changes of the caller's memos, in the order of their commits and without gaps: what a client that was offline needs
/// to catch up. Request with the `next_since` of the previous response until there are no more items, and read the memos.
///
/// Changes are kept for 180 days. The response is 410 if changes after `since` have been removed, or if `since` is beyond the
/// last change, e.g. after a backup was restored: then list all memos again, and continue from the `next_since` of the
/// problem.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "changes",
    params(ChangesQuery),
    responses((status = 200, description = "The changes after `since`", body = ChangeList)),
)]
async fn list_changes(
    caller: Caller,
    request: HttpRequest,
    changes: Data<Changes>,
    Query((since, limit)): Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let page = changes.list(caller.user_id, since, limit).await?;
    revalidated(&request, &ChangeList::from(page))
}
