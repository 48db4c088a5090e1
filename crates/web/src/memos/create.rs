use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, LOCATION},
    },
    post,
    web::Data,
};
use memo_application::Memos;

use super::dto::{Memo, MemoInput};
use crate::{
    extract::{Caller, Json, MemosWrite, NoQuery},
    problem::Problem,
    respond::versioned,
};

/// Keep a memo
///
/// Only the title is needed. A member that this operation does not name is refused, so that no typo passes in silence.
#[utoipa::path(
    tag = "memos",
    operation_id = "create_memo",
    security(("password" = ["memos:write"])),
    request_body = MemoInput,
    responses((
        status = 201, description = "The memo", body = Memo,
        headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Names this state, for If-Match and If-None-Match"),
        ),
        links(("get_memo" = (operation_id = "get_memo", parameters(("id" = "$response.body#/id"))))),
    )),
)]
#[post("/memos")]
pub async fn create_memo(
    caller: Caller<MemosWrite>,
    request: HttpRequest,
    memos: Data<Memos>,
    _: NoQuery,
    body: Json<MemoInput>,
) -> Result<HttpResponse, Problem> {
    let view = memos.create(caller.user_id, body.value.try_into()?).await?;
    let location = format!("/api/v1/memos/{}", view.memo.id);
    let mut answer = versioned(&request, StatusCode::CREATED, view.memo.version, &Memo::from(view))?;
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    Ok(answer)
}
