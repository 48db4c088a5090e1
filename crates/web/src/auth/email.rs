use memo_application::{Accounts, Error, read_secret};

use crate::prelude::*;

operations! {
    verify_email => Policy::optional().body(Body::Json).no_store().problems(&[Code::TokenInvalid]);
    resend_verification => Policy::scopes(&[Scope::AccountWrite]).body(Body::Empty).no_store();
}

/// The token of a link in a mail.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "2YotnFZFEjr1zCsicMWpAA"}))]
struct TokenRequest {
    /// The `token` of the link.
    #[garde(custom(proof))]
    #[schema(format = "proof")]
    token: String,
}

input_as_is!(TokenRequest);

/// Verify the e-mail address
///
/// With the token of the link in the mail. It is valid once, for 24 hours. The first verification of an account removes
/// linked social accounts, the second factor, API keys, webhooks and all sessions from before, except the session of this
/// request and the social account that it began with.
#[utoipa::path(
    post, path = "/api/v1/auth/email/verify", tag = "auth",
    request_body = TokenRequest,
    responses((status = 204, description = "The address is verified")),
)]
async fn verify_email(
    MaybeCaller(caller): MaybeCaller,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(body): Json<TokenRequest>,
) -> Result<HttpResponse, Problem> {
    let secret = read_secret(&body.token).ok_or(Error::TokenInvalid)?;
    accounts.verify_email(&secret, caller.as_ref(), &device).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Resend the verification mail
///
/// If a mail is sent, the previous link becomes invalid. None is sent if the address is verified, a link is less than 2
/// minutes old, or three were sent within an hour.
#[utoipa::path(
    post, path = "/api/v1/auth/email/verify/resend", tag = "auth",
    responses((status = 202, description = "The mail is queued")),
)]
async fn resend_verification(
    caller: Caller,
    accounts: Data<Accounts>,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    accounts.resend_verification(caller.user_id).await?;
    Ok(HttpResponse::Accepted().finish())
}
