use memo_application::{Accounts, ProfileChange};
use memo_domain::{DisplayName, Email, OptionalChange, TimeZone};

use crate::{
    dto::{LocaleDto, UserDto},
    prelude::*,
};

operations! {
    get_me => Policy::scopes(&[Scope::AccountRead]).condition(Condition::IfNoneMatch);
    patch_me => Policy::scopes(&[Scope::AccountWrite]).body(Body::MergePatch).problems(&[
        Code::PasswordWrong, Code::RecentSignInRequired, Code::EmailTaken, Code::Overloaded,
    ]);
    withdraw => Policy::interactive().body(Body::Json).no_store().problems(&[
        Code::PasswordWrong, Code::RecentSignInRequired, Code::LastAdministrator, Code::Overloaded,
    ]);
}

/// Read the account
///
/// Returns the account of the caller.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "account",
    responses((status = 200, description = "The account", body = UserDto)),
)]
async fn get_me(
    caller: Caller,
    request: HttpRequest,
    accounts: Data<Accounts>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let user = accounts.profile(caller.user_id).await?;
    revalidated(&request, &UserDto::from(user))
}

/// A JSON Merge Patch (RFC 7396) of the account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(as = UserPatch, example = json!({"display_name": "Alice L."}))]
struct UserPatch {
    /// The new name. White space at its ends is removed.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "display-name")]
    display_name: Patch<String>,
    /// The new language; null means `en`.
    #[serde(default, deserialize_with = "patched_choice")]
    #[schema(value_type = Option<LocaleDto>, inline)]
    locale: Patch<LocaleDto>,
    /// The new time zone: a name of the IANA database, such as `Asia/Seoul`; null means `UTC`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "time-zone")]
    time_zone: Patch<String>,
    /// The new e-mail address, which has to be verified again. Requires `current_password`.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "email")]
    email: Patch<String>,
    /// The current password, if the address changes. Not needed within 10 minutes after signing in with a social account, if
    /// there is no password; null means none.
    #[garde(inner(custom(proof)))]
    #[schema(format = "current-password")]
    current_password: Option<String>,
}

impl Input for UserPatch {
    type Command = ProfileChange;

    fn read(self, refused: &mut Refusals) -> Result<ProfileChange, Refused> {
        let display_name = refused.patched("display_name", self.display_name, DisplayName::new);
        let email = refused.patched("email", self.email, Email::new);
        let time_zone = refused.patched_optional("time_zone", self.time_zone, TimeZone::new);
        Ok(ProfileChange {
            display_name: display_name?,
            locale: self.locale.or_default().map(Into::into),
            time_zone: match time_zone? {
                OptionalChange::Keep => None,
                OptionalChange::Clear => Some(TimeZone::default()),
                OptionalChange::Set(zone) => Some(zone),
            },
            email: email?,
            current_password: self.current_password,
        })
    }
}

/// Change the account
///
/// A JSON Merge Patch: absent fields stay.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "account",
    request_body = UserPatch,
    responses((status = 200, description = "The account", body = UserDto, headers(("ETag" = String, description = "Identifies this state")))),
)]
async fn patch_me(
    caller: Caller,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(change): Json<UserPatch>,
) -> Result<HttpResponse, Problem> {
    let user = accounts.change_profile(&caller, change, &device).await?;
    revalidated(&request, &UserDto::from(user))
}

/// A proof that the caller owns the account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
struct WithdrawalRequest {
    /// The password. Not needed within 10 minutes after signing in with a social account and a cookie; null means
    /// none.
    #[garde(inner(custom(proof)))]
    #[schema(format = "current-password")]
    password: Option<String>,
}

input_as_is!(WithdrawalRequest);

/// Delete the account
///
/// Removes the account and all its data, permanently. The account ends at once, with its sessions and public memos; the rest
/// of its data is removed in the background.
#[utoipa::path(
    delete, path = "/api/v1/me", tag = "account",
    request_body = WithdrawalRequest,
    responses((status = 204, description = "The account is deleted", headers(
        ("Set-Cookie" = String, description = "Removes the cookie"),
        ("Clear-Site-Data" = String, description = "Removes what the browser has stored for this site"),
    ))),
)]
async fn withdraw(
    caller: Caller,
    accounts: Data<Accounts>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(body): Json<WithdrawalRequest>,
) -> Result<HttpResponse, Problem> {
    accounts.withdraw(&caller, body.password.as_deref(), &device).await?;
    accounts.hide_memos(caller.user_id).await;
    Ok(signed_out(&settings))
}
