use actix_web::{HttpRequest, HttpResponse, get, patch, web::Data};
use memo_application::Accounts;

use super::dto::{User, UserPatch};
use crate::{
    extract::{AccountRead, AccountWrite, Caller, FromDevice, Json, MergePatch, NoQuery},
    problem::Problem,
    respond::revalidated,
};

/// Read the account
///
/// That of the member whose token it is.
#[utoipa::path(
    tag = "account",
    operation_id = "get_me",
    security(("password" = ["account:read"])),
    responses((status = 200, description = "The account", body = User, headers(("ETag" = String, description = "Names this state")))),
    extensions(("x-conditional" = json!("get"))),
)]
#[get("/me")]
pub async fn get_me(
    caller: Caller<AccountRead>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let user = accounts.profile(caller.user_id).await?;
    revalidated(&request, &User::from(user))
}

/// Change the account
///
/// A JSON Merge Patch: what is not named stays.
#[utoipa::path(
    tag = "account",
    operation_id = "patch_me",
    security(("password" = ["account:write"])),
    request_body(content((UserPatch = "application/merge-patch+json"), (UserPatch = "application/json"))),
    responses((status = 200, description = "The account as it is now", body = User, headers(("ETag" = String, description = "Names this state")))),
    extensions(("x-problems" = json!(["password_wrong", "recent_sign_in_required", "email_taken", "overloaded", "too_many_attempts"]))),
)]
#[patch("/me")]
pub async fn patch_me(
    caller: Caller<AccountWrite>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<UserPatch, MergePatch>,
) -> Result<HttpResponse, Problem> {
    let user = accounts.change_profile(caller.claimant, body.value.try_into()?, &device).await?;
    revalidated(&request, &User::from(user))
}
