use actix_web::{
    HttpResponse, delete, get,
    http::header::{CACHE_CONTROL, HeaderName},
    post, put,
    web::{Data, Path},
};
use memo_application::{Accounts, SecondFactors, Social};
use memo_domain::Password;

use super::dto::{
    IdentityList, Mfa, MfaRemovalRequest, PasswordRequest, RecoveryCodes, TotpConfirmation, TotpEnrolment,
    WithdrawalRequest,
};
use crate::{
    HttpSettings, cookies,
    extract::{FromDevice, Interactive, Json, NoBody, NoQuery},
    problem::Problem,
};

/// Change the password
///
/// Ends all other sign-ins.
#[utoipa::path(
    tag = "account",
    operation_id = "change_password",
    security(("password" = ["account:write"])),
    request_body = PasswordRequest,
    responses((status = 204, description = "It is changed")),
    extensions(("x-problems" = json!([
        "password_wrong", "recent_sign_in_required", "interactive_sign_in_required", "password_too_common", "overloaded",
        "too_many_attempts"
    ]))),
)]
#[put("/me/password")]
pub async fn change_password(
    caller: Interactive,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<PasswordRequest>,
) -> Result<HttpResponse, Problem> {
    let PasswordRequest { current_password, new_password } = body.value;
    let new = Password::new(new_password)?;
    accounts.change_password(caller.claimant, current_password.as_deref(), &new, &device).await?;
    Ok(done())
}

/// Withdraw
///
/// Removes the account and all that is its owner's, for good.
#[utoipa::path(
    tag = "account",
    operation_id = "withdraw",
    security(("password" = ["account:write"])),
    request_body = WithdrawalRequest,
    responses((status = 204, description = "Nothing is left")),
    extensions(("x-problems" = json!([
        "password_wrong", "recent_sign_in_required", "interactive_sign_in_required", "last_administrator", "overloaded",
        "too_many_attempts"
    ]))),
)]
#[delete("/me")]
pub async fn withdraw(
    caller: Interactive,
    accounts: Data<Accounts>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<WithdrawalRequest>,
) -> Result<HttpResponse, Problem> {
    accounts.withdraw(caller.claimant, body.value.password.as_deref(), &device).await?;
    Ok(HttpResponse::NoContent()
        .cookie(cookies::no_session(&settings))
        .insert_header((HeaderName::from_static("clear-site-data"), r#""cache", "cookies", "storage""#))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

/// Read the second factor
///
/// Whether there is one.
#[utoipa::path(
    tag = "account",
    operation_id = "get_mfa",
    security(("password" = ["account:read"])),
    responses((status = 200, description = "Whether there is one", body = Mfa)),
    extensions(("x-problems" = json!(["interactive_sign_in_required"]))),
)]
#[get("/me/mfa")]
pub async fn get_mfa(caller: Interactive, factors: Data<SecondFactors>, _: NoQuery) -> Result<HttpResponse, Problem> {
    let state = factors.state(caller.principal.user_id).await?;
    Ok(HttpResponse::Ok().json(Mfa::from(state)))
}

/// Begin a second factor
///
/// Gives what an authenticator is set up with (TOTP, RFC 6238). It counts once a first code has confirmed it.
#[utoipa::path(
    tag = "account",
    operation_id = "begin_totp",
    security(("password" = ["account:write"])),
    responses((status = 200, description = "What the authenticator needs", body = TotpEnrolment)),
    extensions(("x-problems" = json!(["mfa_enabled", "interactive_sign_in_required"])), ("x-body" = json!("none"))),
)]
#[post("/me/mfa/totp")]
pub async fn begin_totp(
    caller: Interactive,
    factors: Data<SecondFactors>,
    _: NoQuery,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    let enrolment = factors.begin(caller.principal.user_id).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(TotpEnrolment::from(enrolment)))
}

/// Confirm the second factor
///
/// From now on a sign-in by password needs a code. Gives ten recovery codes, each good once.
#[utoipa::path(
    tag = "account",
    operation_id = "confirm_totp",
    security(("password" = ["account:write"])),
    request_body = TotpConfirmation,
    responses((status = 200, description = "The recovery codes", body = RecoveryCodes)),
    extensions(("x-problems" = json!([
        "code_wrong", "mfa_not_begun", "mfa_enabled", "interactive_sign_in_required", "too_many_attempts"
    ]))),
)]
#[post("/me/mfa/totp/confirm")]
pub async fn confirm_totp(
    caller: Interactive,
    factors: Data<SecondFactors>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<TotpConfirmation>,
) -> Result<HttpResponse, Problem> {
    let recovery_codes = factors.confirm(caller.principal.user_id, &body.value.code, &device).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(RecoveryCodes { recovery_codes }))
}

/// Take the second factor away
///
/// Its recovery codes go with it.
#[utoipa::path(
    tag = "account",
    operation_id = "remove_totp",
    security(("password" = ["account:write"])),
    request_body = MfaRemovalRequest,
    responses((status = 204, description = "There is none any more")),
    extensions(("x-problems" = json!([
        "password_wrong", "recent_sign_in_required", "interactive_sign_in_required", "overloaded", "too_many_attempts"
    ]))),
)]
#[delete("/me/mfa/totp")]
pub async fn remove_totp(
    caller: Interactive,
    factors: Data<SecondFactors>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<MfaRemovalRequest>,
) -> Result<HttpResponse, Problem> {
    factors.remove(caller.claimant, body.value.current_password.as_deref(), &device).await?;
    Ok(done())
}

/// List linked accounts
///
/// The social accounts that sign the member in.
#[utoipa::path(
    tag = "account",
    operation_id = "list_identities",
    security(("password" = ["account:read"])),
    responses((status = 200, description = "The linked accounts", body = IdentityList)),
    extensions(("x-problems" = json!(["interactive_sign_in_required"]))),
)]
#[get("/me/identities")]
pub async fn list_identities(caller: Interactive, social: Data<Social>, _: NoQuery) -> Result<HttpResponse, Problem> {
    let identities = social.identities(caller.principal.user_id).await?;
    Ok(HttpResponse::Ok().json(IdentityList::from(identities)))
}

/// Unlink an account
///
/// The last way to sign in stays.
#[utoipa::path(
    tag = "account",
    operation_id = "remove_identity",
    security(("password" = ["account:write"])),
    params(("provider" = String, Path, description = "The name of the provider")),
    responses((status = 204, description = "It is unlinked")),
    extensions(("x-problems" = json!(["identity_not_found", "last_way_to_sign_in", "interactive_sign_in_required"]))),
)]
#[delete("/me/identities/{provider}")]
pub async fn remove_identity(
    caller: Interactive,
    provider: Path<String>,
    social: Data<Social>,
    FromDevice(device): FromDevice,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    social.unlink(caller.principal.user_id, &provider, &device).await?;
    Ok(done())
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish()
}
