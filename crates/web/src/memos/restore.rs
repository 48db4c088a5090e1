use memo_application::Memos;

use crate::{dto::MemoDto, prelude::*};

operations! {
    restore_memo => Policy::scopes(&[Scope::MemosWrite]).body(Body::Empty)
        .problems(&[Code::MemoNotFound, Code::NotOwner, Code::TooManyTags]);
}

/// Restore a memo
///
/// Moves it out of the trash. A memo that is not in the trash stays as it is.
#[utoipa::path(
    post, path = "/api/v1/memos/{id}/restore", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 200, description = "The memo", body = MemoDto, headers(("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match")))),
)]
async fn restore_memo(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let view = memos.restore(caller.user_id, id).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &MemoDto::for_viewer(caller.user_id, view))
}
