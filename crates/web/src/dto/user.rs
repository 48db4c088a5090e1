use memo_domain::{Locale, Role, User};
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror::mirror;

/// A user, as they see themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = User, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000a",
    "email": "alice@example.com",
    "email_verified": false,
    "display_name": "Alice",
    "role": "member",
    "locale": "en",
    "time_zone": "Asia/Seoul",
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct UserDto {
    /// The id.
    #[schema(format = "uuid")]
    pub id: String,
    /// The e-mail address.
    #[schema(format = "email")]
    pub email: String,
    /// Whether the user has verified the address.
    pub email_verified: bool,
    /// The name that other users see.
    #[schema(format = "display-name")]
    pub display_name: String,
    #[schema(inline)]
    pub role: RoleDto,
    #[schema(inline)]
    pub locale: LocaleDto,
    /// The time zone of times in mail to the user: a name of the IANA database.
    #[schema(format = "time-zone")]
    pub time_zone: String,
    /// When the user signed up.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When any of this last changed.
    #[schema(format = "date-time")]
    pub updated_at: String,
}

mirror! {
    /// What the user may do: `admin` may administer users.
    RoleDto of Role { #[default] Member, Admin }
}

mirror! {
    /// The language of mail to the user.
    LocaleDto of Locale { #[default] En, Ko }
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified,
            display_name: user.display_name.as_str().to_owned(),
            role: user.role.into(),
            locale: user.locale.into(),
            time_zone: user.time_zone.as_str().to_owned(),
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}
