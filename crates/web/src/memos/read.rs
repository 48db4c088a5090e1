use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web::Data};
use memo_application::Memos;

use super::dto::Memo;
use crate::{
    extract::{Caller, MemoPath, MemosRead, NoQuery},
    problem::Problem,
    respond::versioned,
};

/// Read a memo
///
/// One's own, in the trash or not, or another's public one.
#[utoipa::path(
    tag = "memos",
    operation_id = "get_memo",
    security(("password" = ["memos:read"])),
    params(("id" = String, Path, format = "uuid", description = "The memo's id")),
    responses((status = 200, description = "The memo", body = Memo, headers(("ETag" = String, description = "Names this state, for If-Match and If-None-Match")))),
    extensions(("x-problems" = json!(["memo_not_found"])), ("x-conditional" = json!("get"))),
)]
#[get("/memos/{id}")]
pub async fn get_memo(
    caller: Caller<MemosRead>,
    request: HttpRequest,
    memos: Data<Memos>,
    path: MemoPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let view = memos.get(caller.user_id, path.0).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &Memo::from(view))
}
