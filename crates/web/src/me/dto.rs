use garde::Validate;
use memo_application::ProfileChange;
use memo_domain::{DisplayName, InvalidValue};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::validation::{self, Patch};

/// A member, as they see themselves.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000a",
    "email": "alice@example.com",
    "email_verified": false,
    "display_name": "Alice",
    "role": "member",
    "locale": "en",
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct User {
    /// Their id.
    #[schema(format = "uuid")]
    pub id: String,
    /// Their e-mail address.
    #[schema(format = "email")]
    pub email: String,
    /// Whether they proved that it is theirs.
    pub email_verified: bool,
    /// The name that others see.
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: String,
    #[schema(inline)]
    pub role: Role,
    #[schema(inline)]
    pub locale: Locale,
    /// When they signed up.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When any of this changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
}

/// What a member may do beside using their own things.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Member,
    Admin,
}

/// The language that they are written to in.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    En,
    Ko,
}

impl From<memo_domain::User> for User {
    fn from(user: memo_domain::User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified,
            display_name: user.display_name.as_str().to_owned(),
            role: match user.role {
                memo_domain::Role::Member => Role::Member,
                memo_domain::Role::Admin => Role::Admin,
            },
            locale: match user.locale {
                memo_domain::Locale::En => Locale::En,
                memo_domain::Locale::Ko => Locale::Ko,
            },
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}

/// A JSON Merge Patch (RFC 7396) of the account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserPatch, example = json!({"display_name": "Alice L."}))]
pub struct UserPatch {
    /// The new name; trimmed.
    #[serde(default)]
    #[garde(custom(validation::required(validation::display_name)))]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$")]
    pub display_name: Patch<String>,
    /// The new language; null is `en`.
    #[serde(default, deserialize_with = "validation::patched_choice")]
    #[garde(skip)]
    #[schema(value_type = Option<Locale>, inline)]
    pub locale: Patch<Locale>,
}

impl TryFrom<UserPatch> for ProfileChange {
    type Error = InvalidValue;

    fn try_from(patch: UserPatch) -> Result<Self, InvalidValue> {
        Ok(Self {
            display_name: patch.display_name.or_required()?.map(DisplayName::new).transpose()?,
            locale: match patch.locale {
                Patch::Absent => None,
                Patch::Null | Patch::Value(Locale::En) => Some(memo_domain::Locale::En),
                Patch::Value(Locale::Ko) => Some(memo_domain::Locale::Ko),
            },
        })
    }
}
