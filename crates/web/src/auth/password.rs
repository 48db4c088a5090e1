use memo_application::{Accounts, Error, read_secret};
use memo_domain::{Email, Password};

use crate::prelude::*;

operations! {
    forgot_password => Policy::optional().body(Body::Json).no_store().rate(RateClass::SignIn);
    reset_password => Policy::optional().body(Body::Json).no_store().rate(RateClass::SignIn)
        .problems(&[Code::TokenInvalid, Code::PasswordTooCommon, Code::Overloaded]);
}

/// The e-mail address of an account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"email": "alice@example.com"}))]
struct ForgotRequest {
    /// The e-mail address.
    #[schema(format = "email")]
    email: String,
}

impl Input for ForgotRequest {
    type Command = Email;

    fn read(self, refused: &mut Refusals) -> Result<Email, Refused> {
        refused.value("email", Email::new(self.email))
    }
}

/// Forgot the password
///
/// Mails a link to reset the password, if a user has this address. The response does not tell whether one has.
#[utoipa::path(
    post, path = "/api/v1/auth/password/forgot", tag = "auth",
    request_body = ForgotRequest,
    responses((status = 202, description = "The mail is queued, if a user has this address")),
)]
async fn forgot_password(
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(email): Json<ForgotRequest>,
) -> Result<HttpResponse, Problem> {
    accounts.into_inner().forgot_password(email, device);
    Ok(HttpResponse::Accepted().finish())
}

/// The token of the link in the mail, and a new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"token": "2YotnFZFEjr1zCsicMWpAA", "password": "another horse battery"}))]
struct ResetRequest {
    /// The `token` of the link.
    #[garde(custom(proof))]
    #[schema(format = "proof")]
    token: String,
    /// 8 to 128 characters of any script. Passwords that are easy to guess are refused.
    #[schema(format = "new-password")]
    password: String,
    /// Whether to unlink all social accounts, which could sign in whatever the password is.
    #[serde(default)]
    #[schema(default = false)]
    unlink_identities: bool,
}

impl Input for ResetRequest {
    type Command = (String, Password, bool);

    fn read(self, refused: &mut Refusals) -> Result<Self::Command, Refused> {
        let password = refused.value("password", Password::new(self.password))?;
        Ok((self.token, password, self.unlink_identities))
    }
}

/// Reset the password
///
/// With the token of the link in the mail. It is valid once, for an hour. All sessions end, and the address is verified. If no
/// address of the account was verified before, linked social accounts, the second factor, API keys and webhooks are removed.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset", tag = "auth",
    request_body = ResetRequest,
    responses((status = 204, description = "The password is set")),
)]
async fn reset_password(
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json((token, password, unlink)): Json<ResetRequest>,
) -> Result<HttpResponse, Problem> {
    let secret = read_secret(&token).ok_or(Error::TokenInvalid)?;
    accounts.reset_password(&secret, &password, unlink, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
