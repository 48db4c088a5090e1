use actix_web::http::header::IF_MATCH;
use memo_application::{Error, Memos};
use memo_domain::MemoId;

use super::{
    cache::{Rendered, ResponseCache, Target},
    collection::{created, represented},
    input::{MemoInput, MemoPatch},
};
use crate::{dto::MemoDto, extractor::from_head, prelude::*, respond::creates};

const WRITE: Policy = Policy::scopes(&[Scope::MemosWrite]).condition(Condition::IfMatch);
const CHANGE: Policy = WRITE.problems(&[Code::MemoNotFound, Code::NotOwner, Code::MemoTrashed, Code::TooManyTags]);

operations! {
    get_memo => Policy::scopes(&[Scope::MemosRead]).condition(Condition::IfNoneMatch).problems(&[Code::MemoNotFound]);
    replace_memo => CHANGE.condition(Condition::Put).body(Body::Json);
    patch_memo => CHANGE.body(Body::MergePatch);
    delete_memo => WRITE.body(Body::Empty).problems(&[Code::MemoNotFound, Code::NotOwner]);
}

/// Read a memo
///
/// The caller's own, also in the trash, or a public one of another user.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 200, description = "The memo", body = MemoDto)),
)]
async fn get_memo(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    cache: Data<ResponseCache>,
    MemoPath(id): MemoPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let viewer = caller.user_id;
    let read = async {
        let view = memos.get(viewer, id).await?;
        let is_own = view.memo.owner_id == viewer;
        Ok(Rendered { representation: represented(viewer, view).await?, links: None, is_own })
    };
    let memo = cache.get(viewer, Target::Memo(id), memos.stamp(viewer), read).await?;
    Ok(memo.respond(&request))
}

/// The memo that a PUT writes: a new one with `If-None-Match: *`, where a malformed id is refused.
struct MemoToPut {
    id: MemoId,
    is_new: bool,
}

from_head!(MemoToPut: |request| {
    let is_new = creates(request)?;
    match MemoId::parse(request.match_info().query("id")) {
        Ok(id) => Ok(Self { id, is_new }),
        Err(reason) if is_new => Err(Error::InvalidId { reason }.into()),
        Err(_) => Err(Problem::new(Code::MemoNotFound)),
    }
});

/// Replace a memo, or create one with a chosen id
///
/// Sets all that its owner writes; absent fields get their defaults. With `If-Match`, only if it has not changed. With
/// `If-None-Match: *` it creates a memo with this id, a UUIDv7 of which the client has made sure that it is new: 412 if there
/// is a memo with it.
#[utoipa::path(
    put, path = "/api/v1/memos/{id}", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    request_body = MemoInput,
    responses(
        (status = 200, description = "The memo", body = MemoDto, headers(("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match"))),
        (
            status = 201, description = "The new memo", body = MemoDto,
            headers(
                ("Location" = String, description = "The URL of the memo"),
                ("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match"),
            ),
        ),
    ),
)]
async fn replace_memo(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    MemoToPut { id, is_new }: MemoToPut,
    IfMatch(precondition): IfMatch,
    _: NoQuery,
    Json(state): Json<MemoInput>,
) -> Result<HttpResponse, Problem> {
    if is_new && request.headers().contains_key(IF_MATCH) {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    if is_new {
        return Ok(created(caller.user_id, memos.create_with_id(caller.user_id, id, state).await?).await?.respond());
    }
    let view = memos.replace(*caller, id, state, &precondition).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &MemoDto::for_viewer(caller.user_id, view))
}

/// Change a memo
///
/// A JSON Merge Patch: absent fields stay. With `If-Match`, only if it has not changed.
#[utoipa::path(
    patch, path = "/api/v1/memos/{id}", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    request_body = MemoPatch,
    responses((status = 200, description = "The memo", body = MemoDto, headers(("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match")))),
)]
async fn patch_memo(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    IfMatch(precondition): IfMatch,
    _: NoQuery,
    Json(change): Json<MemoPatch>,
) -> Result<HttpResponse, Problem> {
    let view = memos.change(*caller, id, change, &precondition).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &MemoDto::for_viewer(caller.user_id, view))
}

/// How a memo is deleted.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// Whether to delete it permanently, instead of moving it to the trash.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false)]
    permanent: Option<bool>,
}

input_as_is!(DeleteQuery);

/// Delete a memo
///
/// Moves it to the trash; a memo in the trash stays there. With `permanent=true`, deletes it permanently, from the trash or
/// not.
#[utoipa::path(
    delete, path = "/api/v1/memos/{id}", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo"), DeleteQuery),
    responses((status = 204, description = "The memo is in the trash, or deleted")),
)]
async fn delete_memo(
    caller: Caller,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    IfMatch(precondition): IfMatch,
    Query(query): Query<DeleteQuery>,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    if query.permanent == Some(true) {
        memos.remove(caller.user_id, id, &precondition).await?;
    } else {
        memos.trash(caller.user_id, id, &precondition).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}
