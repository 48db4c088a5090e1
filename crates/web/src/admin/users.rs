use memo_application::{Administration, UserChange};
use memo_domain::{User, UserFilter, UserId};

use crate::{dto::RoleDto, prelude::*};

operations! {
    list_users => Policy::interactive().paging(Paging::Counted).problems(&[Code::AdministratorRequired]);
    patch_user => Policy::interactive().body(Body::MergePatch)
        .problems(&[Code::UserNotFound, Code::AdministratorRequired, Code::LastAdministrator]);
}

id_paths! {
    /// The `{id}` of a user in the path.
    UserPath(UserId) at "id" or UserNotFound;
}

/// A user, as administrators see them.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminUser, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000a",
    "email": "alice@example.com",
    "email_verified": true,
    "display_name": "Alice",
    "role": "member",
    "disabled": false,
    "disabled_at": null,
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
struct AdminUserDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The e-mail address.
    #[schema(format = "email")]
    email: String,
    /// Whether the user has verified the address.
    email_verified: bool,
    /// The name that other users see.
    display_name: String,
    #[schema(inline)]
    role: RoleDto,
    /// Whether the account is disabled.
    disabled: bool,
    /// When the account was disabled.
    #[schema(required = true, format = "date-time")]
    disabled_at: Option<String>,
    /// When the user signed up.
    #[schema(format = "date-time")]
    created_at: String,
    /// When any of this last changed.
    #[schema(format = "date-time")]
    updated_at: String,
}

impl From<User> for AdminUserDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified,
            display_name: user.display_name.as_str().to_owned(),
            role: user.role.into(),
            disabled: user.disabled_at.is_some(),
            disabled_at: user.disabled_at.map(|at| at.to_string()),
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}

/// Which users.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct UsersQuery {
    /// Only users whose address or name contains this text, ignoring case.
    #[param(nullable = false, format = "user-search")]
    q: Option<String>,
    /// Only users with this role.
    #[serde(default, deserialize_with = "optional_choice")]
    #[param(nullable = false, inline)]
    role: Option<RoleDto>,
    /// Only disabled accounts, or only others.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false)]
    disabled: Option<bool>,
}

impl Filter for UsersQuery {
    type Command = UserFilter;
    type Cursor = UserId;

    fn read(self, _: UserId, refused: &mut Refusals) -> Result<UserFilter, Refused> {
        let filter = UserFilter::default().with_text(self.q.as_deref().unwrap_or_default());
        let mut filter = refused.value("q", filter)?;
        (filter.role, filter.disabled) = (self.role.map(Into::into), self.disabled);
        Ok(filter)
    }
}

/// List users
///
/// For administrators: the users that match all filters, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "admin",
    params(UsersQuery),
    responses((status = 200, description = "A page of users", body = CountedPage<AdminUserDto>)),
)]
async fn list_users(
    caller: Caller,
    administration: Data<Administration>,
    list: List<UsersQuery>,
) -> Result<HttpResponse, Problem> {
    let (page, total) = administration.users(caller.user_id, &list.filter, &list.page, list.with_total).await?;
    list.respond_counted::<_, AdminUserDto>(page, total)
}

/// A JSON Merge Patch (RFC 7396) of a user: the new role, and whether the account is disabled.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"disabled": true, "role": "member"}))]
struct AdminUserPatch {
    // Without a doc comment: with one, its schema would be an `allOf` that no value satisfies.
    #[serde(default, deserialize_with = "optional_choice")]
    #[schema(inline, nullable = false)]
    role: Option<RoleDto>,
    /// Whether the account is disabled. Disabling it ends all its sessions.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

impl Input for AdminUserPatch {
    type Command = UserChange;

    fn read(self, _: &mut Refusals) -> Result<UserChange, Refused> {
        Ok(UserChange { role: self.role.map(Into::into), disabled: self.disabled })
    }
}

/// Change a user
///
/// For administrators: a JSON Merge Patch of the role, and of whether the account is disabled. The last administrator cannot
/// be removed.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", tag = "admin",
    params(("id" = String, Path, description = "The id of the user", format = "uuid")),
    request_body = AdminUserPatch,
    responses((status = 200, description = "The user", body = AdminUserDto)),
)]
async fn patch_user(
    caller: Caller,
    UserPath(id): UserPath,
    administration: Data<Administration>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(change): Json<AdminUserPatch>,
) -> Result<HttpResponse, Problem> {
    let user = administration.change(caller.user_id, id, change, &device).await?;
    Ok(HttpResponse::Ok().json(AdminUserDto::from(user)))
}
