use actix_web::{HttpResponse, http::header::CACHE_CONTROL, post, web::Data};
use memo_application::{Accounts, Error, read_secret};
use memo_domain::{Email, Password};

use super::dto::{ForgotRequest, ResetRequest, TokenRequest};
use crate::{
    extract::{AccountWrite, Caller, FromDevice, Json, NoBody, NoQuery},
    problem::Problem,
};

/// Prove an address
///
/// With the token of the link that was sent to it: good once, for 24 hours.
#[utoipa::path(
    tag = "auth",
    operation_id = "verify_email",
    security(()),
    request_body = TokenRequest,
    responses((status = 204, description = "The address is proved")),
    extensions(("x-problems" = json!(["token_invalid"]))),
)]
#[post("/auth/email/verify")]
pub async fn verify_email(
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<TokenRequest>,
) -> Result<HttpResponse, Problem> {
    let secret = read_secret(&body.value.token).ok_or(Error::TokenInvalid)?;
    accounts.verify_email(&secret, &device).await?;
    Ok(done())
}

/// Ask for the link once more
///
/// The one before is worth nothing any more. Nothing is sent where the address is proved already.
#[utoipa::path(
    tag = "auth",
    operation_id = "resend_verification",
    security(("password" = ["account:write"])),
    responses((status = 202, description = "The link is on its way")),
    extensions(("x-body" = json!("none"))),
)]
#[post("/auth/email/verify/resend")]
pub async fn resend_verification(
    caller: Caller<AccountWrite>,
    accounts: Data<Accounts>,
    _: NoQuery,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    accounts.resend_verification(caller.user_id).await?;
    Ok(HttpResponse::Accepted().insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// Forgot the password
///
/// Sends a link that sets a new one, where the address is a member's. The answer does not tell.
#[utoipa::path(
    tag = "auth",
    operation_id = "forgot_password",
    security(()),
    request_body = ForgotRequest,
    responses((status = 202, description = "A link is on its way, where there is such an account")),
)]
#[post("/auth/password/forgot")]
pub async fn forgot_password(
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<ForgotRequest>,
) -> Result<HttpResponse, Problem> {
    accounts.clone().into_inner().forgot_password(Email::new(body.value.email)?, device);
    Ok(HttpResponse::Accepted().insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// Set a new password
///
/// With the token of the link: good once, for an hour. All sign-ins end.
#[utoipa::path(
    tag = "auth",
    operation_id = "reset_password",
    security(()),
    request_body = ResetRequest,
    responses((status = 204, description = "The password is set")),
    extensions(("x-problems" = json!(["token_invalid", "password_too_common", "overloaded"]))),
)]
#[post("/auth/password/reset")]
pub async fn reset_password(
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<ResetRequest>,
) -> Result<HttpResponse, Problem> {
    let secret = read_secret(&body.value.token).ok_or(Error::TokenInvalid)?;
    accounts.reset_password(&secret, &Password::new(body.value.password)?, &device).await?;
    Ok(done())
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish()
}
