use memo_application::Memos;
use memo_domain::MemoId;

use super::collection::render;
use crate::{dto::MemoDto, prelude::*};

operations! {
    list_backlinks => Policy::scopes(&[Scope::MemosRead]).paging(Paging::Offset)
        .problems(&[Code::MemoNotFound]);
}

/// List backlinks
///
/// The memos that link to this one, by `[[its title]]` or by its URL, newest first: the caller's own, and the public ones of
/// other users; not those in the trash. A title is that of a memo of the same owner, compared ignoring case; a memo that is
/// renamed has the links to its new title. Of a memo, the first 100 links count. A page has fewer than `limit` memos if it
/// would be larger than 4 MiB.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}/backlinks", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 200, description = "A page of memos", body = CountedPage<MemoDto>)),
)]
async fn list_backlinks(
    caller: Caller,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    list: List<Unfiltered<MemoId>>,
) -> Result<HttpResponse, Problem> {
    let viewer = caller.user_id;
    let page = memos.backlinks(viewer, id, &list.page).await?;
    Ok(render(&list, viewer, page, None, |memo| memo.id).await?.respond(&list.request))
}
