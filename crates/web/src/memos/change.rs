use actix_web::{HttpRequest, HttpResponse, http::StatusCode, patch, put, web::Data};
use memo_application::Memos;

use super::dto::{Memo, MemoInput, MemoPatch};
use crate::{
    extract::{Caller, IfMatch, Json, MemoPath, MemosWrite, MergePatch, NoQuery},
    problem::Problem,
    respond::versioned,
};

/// Replace a memo
///
/// All that its owner writes; what is left out gets its default. With `If-Match` only where nobody changed it since.
#[utoipa::path(
    tag = "memos",
    operation_id = "replace_memo",
    security(("password" = ["memos:write"])),
    params(("id" = String, Path, format = "uuid", description = "The memo's id")),
    request_body = MemoInput,
    responses((status = 200, description = "The memo as it is now", body = Memo, headers(("ETag" = String, description = "Names this state, for If-Match and If-None-Match")))),
    extensions(("x-problems" = json!(["memo_not_found", "not_owner", "memo_trashed"])), ("x-conditional" = json!("change"))),
)]
#[put("/memos/{id}")]
pub async fn replace_memo(
    caller: Caller<MemosWrite>,
    request: HttpRequest,
    memos: Data<Memos>,
    path: MemoPath,
    condition: IfMatch,
    _: NoQuery,
    body: Json<MemoInput>,
) -> Result<HttpResponse, Problem> {
    let view = memos.replace(caller.user_id, path.0, body.value.try_into()?, &condition.0).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &Memo::from(view))
}

/// Change a memo
///
/// A JSON Merge Patch: what is not named stays. With `If-Match` only where nobody changed it since.
#[utoipa::path(
    tag = "memos",
    operation_id = "patch_memo",
    security(("password" = ["memos:write"])),
    params(("id" = String, Path, format = "uuid", description = "The memo's id")),
    request_body(content((MemoPatch = "application/merge-patch+json"), (MemoPatch = "application/json"))),
    responses((status = 200, description = "The memo as it is now", body = Memo, headers(("ETag" = String, description = "Names this state, for If-Match and If-None-Match")))),
    extensions(("x-problems" = json!(["memo_not_found", "not_owner", "memo_trashed"])), ("x-conditional" = json!("change"))),
)]
#[patch("/memos/{id}")]
pub async fn patch_memo(
    caller: Caller<MemosWrite>,
    request: HttpRequest,
    memos: Data<Memos>,
    path: MemoPath,
    condition: IfMatch,
    _: NoQuery,
    body: Json<MemoPatch, MergePatch>,
) -> Result<HttpResponse, Problem> {
    let view = memos.change(caller.user_id, path.0, body.value.try_into()?, &condition.0).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &Memo::from(view))
}
