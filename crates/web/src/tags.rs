//! `/api/v1/tags`.

use actix_web::http::header::LOCATION;
use memo_application::{Memos, TagChanged};
use memo_domain::{JobId, PageStart, Tag, TagCount};
use percent_encoding::percent_decode_str;

use crate::{extractor::from_head, prelude::*};

operations! {
    list_tags => Policy::scopes(&[Scope::MemosRead]).paging(Paging::Cursor);
    patch_tag => Policy::scopes(&[Scope::MemosWrite]).body(Body::MergePatch).work(Work::heavy(10))
        .problems(&[Code::NotFound, Code::OperationRunning]);
    delete_tag => Policy::scopes(&[Scope::MemosWrite]).body(Body::Empty).work(Work::heavy(10))
        .problems(&[Code::NotFound, Code::OperationRunning]);
}

/// A tag of the caller's memos.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag, example = json!({"tag": "work", "count": 3}))]
struct TagDto {
    /// The tag in its most common spelling; of equally common ones, the smallest by its UTF-8 bytes.
    #[schema(format = "tag")]
    tag: String,
    /// The number of memos with this tag, including archived ones, without those in the trash.
    #[schema(minimum = 1)]
    count: u64,
}

impl From<TagCount> for TagDto {
    fn from(TagCount { tag, count }: TagCount) -> Self {
        Self { tag: tag.as_str().to_owned(), count }
    }
}

/// List tags
///
/// The tags of the caller's memos that are not in the trash, each with the number of these memos, in pages. Tags are compared
/// ignoring case, and sorted by their characters in lower case. There are at most 5,000.
#[utoipa::path(
    get, path = "/api/v1/tags", tag = "tags",
    responses((status = 200, description = "A page of tags", body = Page<TagDto>)),
)]
async fn list_tags(caller: Caller, memos: Data<Memos>, list: List<Unfiltered<Tag>>) -> Result<HttpResponse, Problem> {
    let after = match &list.page.start {
        PageStart::After(tag) => Some(tag),
        PageStart::Offset(_) => None,
    };
    let page = memos.tags(caller.user_id, after, list.page.limit).await?;
    list.respond::<_, TagDto>(page)
}

/// A JSON Merge Patch (RFC 7396) of a tag.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"tag": "project"}))]
struct TagPatch {
    /// The new name. Another spelling of the same tag is a new name as well.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "tag")]
    tag: Patch<String>,
}

impl Input for TagPatch {
    type Command = Option<Tag>;

    fn read(self, refused: &mut Refusals) -> Result<Option<Tag>, Refused> {
        refused.patched("tag", self.tag, Tag::new)
    }
}

/// The tag at the end of the path. A malformed tag is the tag of no memo: 404.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
struct TagPath {
    /// The tag, ignoring case, percent-encoded where necessary (`/` as `%2F`). Clients resolve `.` and `..` in paths: write
    /// such a tag with a space before it, which is not part of the tag, e.g. `%20..`.
    #[param(value_type = String, format = "tag")]
    tag: Tag,
}

from_head!(TagPath: |request| {
    // As it was sent: the router has decoded some characters already, and replaced what is not UTF-8.
    let (_, segment) = request.uri().path().rsplit_once('/').unwrap_or_default();
    let tag = percent_decode_str(segment).decode_utf8().ok().and_then(|text| Tag::new(text).ok());
    tag.map(|tag| Self { tag }).ok_or(Problem::new(Code::NotFound))
});

/// The response to a change that is done in steps.
fn accepted(id: JobId) -> HttpResponse {
    HttpResponse::Accepted().insert_header((LOCATION, format!("/api/v1/operations/{id}"))).finish()
}

/// Rename a tag
///
/// In all memos of the caller that have it, ignoring case; memos in the trash keep it. If a memo has the new tag as well, they
/// become one tag, at the first position of both. Each changed memo gets a new version, and a change in the feed.
///
/// Up to 500 memos are changed at once. If there are more, the response is 202, and they are changed in steps; `Location`
/// tells how far that is. Until then, no other change of the same tags is accepted.
#[utoipa::path(
    patch, path = "/api/v1/tags/{tag}", tag = "tags",
    params(TagPath),
    request_body = TagPatch,
    responses(
        (status = 200, description = "The new tag, with all memos that have it", body = TagDto),
        (status = 202, description = "The memos are changed in steps",
            headers(("Location" = String, description = "The URL of the operation"))),
    ),
)]
async fn patch_tag(
    caller: Caller,
    memos: Data<Memos>,
    path: TagPath,
    _: NoQuery,
    Json(new): Json<TagPatch>,
) -> Result<HttpResponse, Problem> {
    let changed = match new {
        Some(new) => memos.rename_tag(*caller, &path.tag, &new).await?,
        None => TagChanged::Done(memos.tag(caller.user_id, &path.tag).await?),
    };
    Ok(match changed {
        TagChanged::Done(tag) => HttpResponse::Ok().json(TagDto::from(tag)),
        TagChanged::Running(id) => accepted(id),
    })
}

/// Remove a tag
///
/// From all memos of the caller that have it, ignoring case; memos in the trash keep it. Each changed memo gets a new
/// version, and a change in the feed. More than 500 memos are changed in steps, as when a tag is renamed.
#[utoipa::path(
    delete, path = "/api/v1/tags/{tag}", tag = "tags",
    params(TagPath),
    responses(
        (status = 204, description = "No memo has the tag, except in the trash"),
        (status = 202, description = "The memos are changed in steps",
            headers(("Location" = String, description = "The URL of the operation"))),
    ),
)]
async fn delete_tag(
    caller: Caller,
    memos: Data<Memos>,
    path: TagPath,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    Ok(match memos.remove_tag(*caller, &path.tag).await? {
        TagChanged::Done(()) => HttpResponse::NoContent().finish(),
        TagChanged::Running(id) => accepted(id),
    })
}
