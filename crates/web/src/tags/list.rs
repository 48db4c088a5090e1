use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use memo_application::Memos;

use super::dto::{Tag, TagList};
use crate::{
    extract::{Caller, MemosRead, NoQuery},
    problem::Problem,
    respond::revalidated,
};

/// List tags
///
/// The tags of one's own memos that are not in the trash, and how many of these memos have each. All of them, without pages.
#[utoipa::path(
    tag = "tags",
    operation_id = "list_tags",
    security(("password" = ["memos:read"])),
    responses((status = 200, description = "The tags", body = TagList, headers(("ETag" = String, description = "Names this answer as it is, for If-None-Match")))),
    extensions(("x-conditional" = json!("get"))),
)]
#[get("/tags")]
pub async fn list_tags(
    caller: Caller<MemosRead>,
    request: HttpRequest,
    memos: Data<Memos>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let items = memos.tags(caller.user_id).await?.into_iter().map(Tag::from).collect();
    revalidated(&request, &TagList { items })
}
