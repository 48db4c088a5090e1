use actix_web::{HttpResponse, delete, patch, web::Data};
use memo_application::Memos;

use super::{
    dto::{Tag, TagPatch},
    path::TagPath,
};
use crate::{
    extract::{Caller, Json, MemosWrite, MergePatch, NoQuery},
    problem::Problem,
};

/// Rename a tag
///
/// In all of one's memos that have it, whatever its case, at once; those in the trash keep theirs. A memo that has the new
/// tag, too, keeps it once, where the first of the two stood: so two tags become one. Each memo that changes gets its next
/// version, and is in the change feed. To spell a tag otherwise is to rename it.
#[utoipa::path(
    tag = "tags",
    operation_id = "patch_tag",
    security(("password" = ["memos:write"])),
    params(TagPath),
    request_body(content((TagPatch = "application/merge-patch+json"), (TagPatch = "application/json"))),
    responses((status = 200, description = "The new tag, as the list has it now: with all memos that have it", body = Tag)),
    extensions(("x-problems" = json!(["not_found"]))),
)]
#[patch("/tags/{tag}")]
pub async fn patch_tag(
    caller: Caller<MemosWrite>,
    memos: Data<Memos>,
    path: TagPath,
    _: NoQuery,
    body: Json<TagPatch, MergePatch>,
) -> Result<HttpResponse, Problem> {
    let tag = match body.value.tag()? {
        Some(new) => memos.rename_tag(caller.user_id, &path.tag, &new).await?,
        None => memos.tag(caller.user_id, &path.tag).await?,
    };
    Ok(HttpResponse::Ok().json(Tag::from(tag)))
}

/// Remove a tag
///
/// From all of one's memos that have it, whatever its case, at once; those in the trash keep theirs. The memos stay: each of
/// them gets its next version, and is in the change feed.
#[utoipa::path(
    tag = "tags",
    operation_id = "delete_tag",
    security(("password" = ["memos:write"])),
    params(TagPath),
    responses((status = 204, description = "No memo has it, but for those in the trash")),
    extensions(("x-problems" = json!(["not_found"]))),
)]
#[delete("/tags/{tag}")]
pub async fn delete_tag(
    caller: Caller<MemosWrite>,
    memos: Data<Memos>,
    path: TagPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    memos.remove_tag(caller.user_id, &path.tag).await?;
    Ok(HttpResponse::NoContent().finish())
}
