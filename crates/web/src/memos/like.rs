use memo_application::Likes;
use memo_domain::{Liker, UserId};

use crate::prelude::*;

const WRITE: Policy = Policy::scopes(&[Scope::MemosWrite]).problems(&[Code::MemoNotFound, Code::MemoTrashed]);

operations! {
    list_likes => Policy::scopes(&[Scope::MemosRead]).paging(Paging::Offset).problems(&[Code::MemoNotFound]);
    put_like => WRITE.body(Body::Empty);
    delete_like => WRITE.body(Body::Empty);
}

/// A user who likes a memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Liker, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000a",
    "display_name": "Alice",
    "liked_at": "2026-01-31T09:00:00.123456Z"
}))]
struct LikerDto {
    /// The id of the user.
    #[schema(format = "uuid")]
    id: String,
    /// The name that other users see.
    display_name: String,
    /// Since when the user likes the memo.
    #[schema(format = "date-time")]
    liked_at: String,
}

impl From<Liker> for LikerDto {
    fn from(Liker { user_id, display_name, liked_at }: Liker) -> Self {
        Self { id: user_id.to_string(), display_name: display_name.as_str().to_owned(), liked_at: liked_at.to_string() }
    }
}

/// List who likes a memo
///
/// The users who like it, by the age of their accounts.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}/likes", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 200, description = "A page of users", body = Page<LikerDto>)),
)]
async fn list_likes(
    caller: Caller,
    likes: Data<Likes>,
    MemoPath(id): MemoPath,
    list: List<Unfiltered<UserId>>,
) -> Result<HttpResponse, Problem> {
    let page = likes.list(caller.user_id, id, &list.page).await?;
    list.respond::<_, LikerDto>(page)
}

/// Like a memo
///
/// Any memo that the caller may read, their own too. A memo that the caller likes already stays as it is. A like changes the
/// `ETag` of the memo, but not its `version`.
#[utoipa::path(
    put, path = "/api/v1/memos/{id}/like", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 204, description = "The caller likes the memo")),
)]
async fn put_like(
    caller: Caller,
    likes: Data<Likes>,
    MemoPath(id): MemoPath,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    likes.like(caller.user_id, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take back a like
///
/// A memo that the caller does not like stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/memos/{id}/like", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 204, description = "The caller does not like the memo")),
)]
async fn delete_like(
    caller: Caller,
    likes: Data<Likes>,
    MemoPath(id): MemoPath,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    likes.unlike(caller.user_id, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
