use actix_web::{HttpRequest, HttpResponse, delete, http::StatusCode, post, web::Data};
use garde::Validate;
use memo_application::Memos;
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::Memo;
use crate::{
    extract::{Caller, IfMatch, MemoPath, MemosWrite, NoBody, NoQuery, Query},
    problem::Problem,
    respond::versioned,
    validation,
};

/// How a memo is deleted.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// For good, instead of to the trash.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false)]
    permanent: Option<bool>,
}

/// Delete a memo
///
/// To the trash; again, nothing more happens. With `permanent=true` for good, from the trash or not.
#[utoipa::path(
    tag = "memos",
    operation_id = "delete_memo",
    security(("password" = ["memos:write"])),
    params(("id" = String, Path, format = "uuid", description = "The memo's id"), DeleteQuery),
    responses((status = 204, description = "It is in the trash, or gone")),
    extensions(("x-problems" = json!(["memo_not_found", "not_owner"])), ("x-conditional" = json!("change"))),
)]
#[delete("/memos/{id}")]
pub async fn delete_memo(
    caller: Caller<MemosWrite>,
    memos: Data<Memos>,
    path: MemoPath,
    condition: IfMatch,
    query: Query<DeleteQuery>,
) -> Result<HttpResponse, Problem> {
    if query.0.permanent == Some(true) {
        memos.remove(caller.user_id, path.0, &condition.0).await?;
    } else {
        memos.trash(caller.user_id, path.0, &condition.0).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Restore a memo
///
/// Takes it out of the trash; one that is not there is left alone.
#[utoipa::path(
    tag = "memos",
    operation_id = "restore_memo",
    security(("password" = ["memos:write"])),
    params(("id" = String, Path, format = "uuid", description = "The memo's id")),
    responses((status = 200, description = "The memo as it is now", body = Memo, headers(("ETag" = String, description = "Names this state, for If-Match and If-None-Match")))),
    extensions(("x-problems" = json!(["memo_not_found", "not_owner"]))),
)]
#[post("/memos/{id}/restore")]
pub async fn restore_memo(
    caller: Caller<MemosWrite>,
    request: HttpRequest,
    memos: Data<Memos>,
    path: MemoPath,
    _: NoQuery,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    let view = memos.restore(caller.user_id, path.0).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &Memo::from(view))
}
