use memo_application::Accounts;
use memo_domain::Password;

use crate::prelude::*;

operations! {
    change_password => Policy::interactive().body(Body::Json).no_store().problems(&[
        Code::PasswordWrong, Code::RecentSignInRequired, Code::PasswordTooCommon, Code::Overloaded,
    ]);
}

/// A new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "another horse battery"}))]
struct PasswordRequest {
    /// The current password. Not needed within 10 minutes after signing in with a social account, if there is no password;
    /// null means none.
    #[garde(inner(custom(proof)))]
    #[schema(format = "current-password")]
    current_password: Option<String>,
    /// 8 to 128 characters of any script. Passwords that are easy to guess are refused.
    #[schema(format = "new-password")]
    new_password: String,
    /// Whether to unlink all social accounts, which could sign in whatever the password is.
    #[serde(default)]
    #[schema(default = false)]
    unlink_identities: bool,
}

impl Input for PasswordRequest {
    type Command = (Option<String>, Password, bool);

    fn read(self, refused: &mut Refusals) -> Result<Self::Command, Refused> {
        let new = refused.value("new_password", Password::new(self.new_password))?;
        Ok((self.current_password, new, self.unlink_identities))
    }
}

/// Change the password
///
/// Ends all other sessions.
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "account",
    request_body = PasswordRequest,
    responses((status = 204, description = "The password is changed")),
)]
async fn change_password(
    caller: Caller,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json((current, new, unlink)): Json<PasswordRequest>,
) -> Result<HttpResponse, Problem> {
    accounts.change_password(&caller, current.as_deref(), &new, unlink, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
