use memo_application::{NewShare, Once, Shares, secret_text};
use memo_domain::{Password, Secret, Share, ShareId, Timestamp};

use crate::{extractor::from_head, prelude::*, respond::Reply};

operations! {
    list_shares => Policy::scopes(&[Scope::MemosRead]).condition(Condition::IfNoneMatch).problems(&[Code::MemoNotFound, Code::NotOwner]);
    create_share => Policy::scopes(&[Scope::MemosWrite]).body(Body::Json).no_store().idempotent().problems(&[
        Code::MemoNotFound, Code::NotOwner, Code::MemoTrashed, Code::ShareLimitReached, Code::Overloaded,
    ]);
    delete_share => Policy::scopes(&[Scope::MemosWrite]).body(Body::Empty)
        .problems(&[Code::MemoNotFound, Code::ShareNotFound, Code::NotOwner]);
}

/// The `{share_id}` of a share in the path. A malformed id is the id of no share: 404.
struct SharePath(ShareId);

from_head!(SharePath: |request| {
    let id = ShareId::parse(request.match_info().query("share_id"));
    id.map(Self).map_err(|_| Problem::new(Code::ShareNotFound))
});

/// A new share. By default it does not expire, and needs no password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"expires_at": "2999-01-31T09:00:00Z", "password": "correct horse"}))]
struct ShareInput {
    /// When it ends to be valid, in the future.
    #[schema(format = "date-time")]
    expires_at: Option<String>,
    /// The password that a reader needs.
    #[schema(format = "share-password")]
    password: Option<String>,
}

impl Input for ShareInput {
    type Command = NewShare;

    fn read(self, refused: &mut Refusals) -> Result<NewShare, Refused> {
        let expires_at = refused.optional("expires_at", self.expires_at, |time| Timestamp::parse(&time));
        let password = refused.optional("password", self.password, Password::of_share);
        Ok(NewShare { expires_at: expires_at?, password: password? })
    }
}

/// A share of a memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Share, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000d",
    "expires_at": "2999-01-31T09:00:00Z",
    "has_password": true,
    "reads": 3,
    "created_at": "2026-01-31T09:00:00.123456Z"
}))]
struct ShareDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// When it ends to be valid; null if it does not.
    #[schema(required = true, format = "date-time")]
    expires_at: Option<String>,
    /// Whether a reader needs a password.
    has_password: bool,
    /// How often it was read, some seconds ago.
    reads: u64,
    /// When it was created.
    #[schema(format = "date-time")]
    created_at: String,
}

impl From<Share> for ShareDto {
    fn from(share: Share) -> Self {
        Self {
            id: share.id.to_string(),
            expires_at: share.expires_at.map(|time| time.to_string()),
            has_password: share.password_hash.is_some(),
            reads: share.reads,
            created_at: share.created_at.to_string(),
        }
    }
}

/// A new share, with its token, which is shown this once: a replayed response has neither the token nor the URL.
#[derive(Serialize, ToSchema)]
#[schema(as = NewShare, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000d",
    "token": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE",
    "url": "https://memo.example/api/v1/shared/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE",
    "expires_at": null,
    "has_password": false,
    "created_at": "2026-01-31T09:00:00.123456Z"
}))]
struct NewShareDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// Who has it can read the memo. Absent in a replayed response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// The link to send: a page for browsers, JSON for programs. Absent in a replayed response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    url: Option<String>,
    /// When it ends to be valid; null if it does not.
    #[schema(required = true, format = "date-time")]
    expires_at: Option<String>,
    /// Whether a reader needs a password.
    has_password: bool,
    /// When it was created.
    #[schema(format = "date-time")]
    created_at: String,
}

impl NewShareDto {
    fn new(share: Share, token: &Secret, public_url: &str) -> Self {
        let token = secret_text(token);
        let ShareDto { id, expires_at, has_password, created_at, .. } = share.into();
        let url = format!("{public_url}/api/v1/shared/{token}");
        Self { id, url: Some(url), token: Some(token), expires_at, has_password, created_at }
    }

    fn without_secret(self) -> Self {
        Self { token: None, url: None, ..self }
    }
}

/// List the shares of a memo
///
/// The newest first, without their tokens. Expired ones are listed for up to a week.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}/shares", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 200, description = "The shares", body = Items<ShareDto>)),
)]
async fn list_shares(
    caller: Caller,
    request: HttpRequest,
    shares: Data<Shares>,
    MemoPath(id): MemoPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let items: Items<_> = shares.list(caller.user_id, id).await?.into_iter().map(ShareDto::from).collect();
    revalidated(&request, &items)
}

/// Share a memo
///
/// Creates a link by which anyone can read the memo without an account, until it expires or is revoked; not while the memo is
/// in the trash. A memo has up to 20 of them.
#[utoipa::path(
    post, path = "/api/v1/memos/{id}/shares", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    request_body = ShareInput,
    responses((
        status = 201, description = "The share, with its token", body = NewShareDto,
        headers(("Location" = String, description = "The URL at which the share is revoked")),
    )),
)]
async fn create_share(
    caller: Caller,
    request: HttpRequest,
    shares: Data<Shares>,
    settings: Data<HttpSettings>,
    (MemoPath(id), _): (MemoPath, NoQuery),
    (FromDevice(device), key): (FromDevice, IdempotencyKey),
    Json(new): Json<ShareInput>,
) -> Result<HttpResponse, Problem> {
    let create = async |once: Option<&Once<'_, (Share, Secret)>>| {
        Ok(shares.create(caller.user_id, id, new, &device, once).await?)
    };
    let render = async |(share, token): (Share, Secret)| {
        let location = format!("/api/v1/memos/{id}/shares/{}", share.id);
        let body = NewShareDto::new(share, &token, &settings.public_url);
        Reply::shown_once(location, body, NewShareDto::without_secret)
    };
    key.once(&request, create, render).await
}

/// Revoke a share
///
/// From then on its link leads nowhere. Also while the memo is in the trash.
#[utoipa::path(
    delete, path = "/api/v1/memos/{id}/shares/{share_id}", tag = "memos",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the memo"),
        ("share_id" = String, Path, format = "uuid", description = "The id of the share"),
    ),
    responses((status = 204, description = "The share is revoked")),
)]
async fn delete_share(
    caller: Caller,
    shares: Data<Shares>,
    MemoPath(memo): MemoPath,
    SharePath(id): SharePath,
    FromDevice(device): FromDevice,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    shares.revoke(caller.user_id, memo, id, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
