use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use garde::Validate;
use memo_application::Changes;
use memo_domain::Limit;
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::ChangeList;
use crate::{
    extract::{Caller, MemosRead, Query},
    problem::Problem,
    respond::revalidated,
    validation,
};

/// Which changes.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// Those after this number: `next_since` of the last answer, 0 at first.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::natural))]
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64, default = 0)]
    since: Option<i64>,
    /// The most changes of an answer; without it 20.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::limit))]
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// Follow changes
///
/// What has become of one's memos, in the order in which it took effect and without a gap: what a client that was away
/// needs to catch up. It asks with the `next_since` of the last answer, until there are no more items, and reads the memos
/// that are named.
///
/// Changes are kept for 180 days. The answer is 410 where one after `since` is gone, or where `since` is beyond the last
/// change, as after a backup was restored: then the memos are listed anew, and followed from the `next_since` that the
/// problem has.
#[utoipa::path(
    tag = "changes",
    operation_id = "list_changes",
    security(("password" = ["memos:read"])),
    params(ChangesQuery),
    responses((status = 200, description = "The changes after `since`", body = ChangeList, headers(("ETag" = String, description = "Names this answer as it is, for If-None-Match")))),
    extensions(("x-problems" = json!(["resync_required"])), ("x-conditional" = json!("get"))),
)]
#[get("/changes")]
pub async fn list_changes(
    caller: Caller<MemosRead>,
    request: HttpRequest,
    changes: Data<Changes>,
    Query(query): Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let since = query.since.unwrap_or(0).unsigned_abs();
    let limit = query.limit.map(|limit| Limit::new(limit.unsigned_abs())).transpose()?.unwrap_or_default();
    let page = changes.list(caller.user_id, since, limit).await?;
    revalidated(&request, &ChangeList::from(page))
}
