use memo_application::Social;

use crate::{dto::IdentityDto, prelude::*};

operations! {
    list_identities => Policy::interactive().condition(Condition::IfNoneMatch);
    remove_identity => Policy::interactive().body(Body::Empty).no_store().problems(&[Code::IdentityNotFound, Code::LastWayToSignIn]);
}

/// List linked accounts
///
/// The social accounts that the caller can sign in with.
#[utoipa::path(
    get, path = "/api/v1/me/identities", tag = "account",
    responses((status = 200, description = "The linked accounts", body = Items<IdentityDto>)),
)]
async fn list_identities(
    caller: Caller,
    request: HttpRequest,
    social: Data<Social>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let items: Items<_> = social.identities(caller.user_id).await?.into_iter().map(IdentityDto::from).collect();
    revalidated(&request, &items)
}

/// Unlink an account
///
/// The last way to sign in cannot be removed.
#[utoipa::path(
    delete, path = "/api/v1/me/identities/{provider}", tag = "account",
    params(("provider" = String, Path, description = "The name of the provider")),
    responses((status = 204, description = "The account is unlinked")),
)]
async fn remove_identity(
    caller: Caller,
    provider: Path<String>,
    social: Data<Social>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    social.unlink(caller.user_id, &provider, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
