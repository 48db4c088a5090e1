use garde::Validate;
use memo_application::{Enrolment, ProfileChange, SecondFactorState};
use memo_domain::{DisplayName, Email, Identity, InvalidValue};
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
    /// The new address, which has to be proved anew. It needs `current_password`.
    #[serde(default)]
    #[garde(custom(validation::required(validation::email)))]
    #[schema(value_type = Option<String>, nullable = false, format = "email", max_length = 254)]
    pub email: Patch<String>,
    /// The password that the account has now, where the address changes. Without a password: nothing, within 10 minutes of
    /// a social sign-in.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, format = "password", max_length = 1024)]
    pub current_password: Option<String>,
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
            email: patch.email.or_required()?.map(Email::new).transpose()?,
            current_password: patch.current_password,
        })
    }
}

/// A new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "another horse battery"}))]
pub struct PasswordRequest {
    /// The password that the account has now. Without a password: nothing, within 10 minutes of a social sign-in.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, format = "password", max_length = 1024)]
    pub current_password: Option<String>,
    /// 8 to 128 characters of any script; not one of those that are guessed first.
    #[garde(custom(validation::password))]
    #[schema(format = "password", min_length = 8, max_length = 128, pattern = r"^[^\u0000]*$")]
    pub new_password: String,
}

/// A proof that it is the member.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
pub struct WithdrawalRequest {
    /// The password of the account. Nothing, within 10 minutes of a social sign-in by a cookie.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, format = "password", max_length = 1024)]
    pub password: Option<String>,
}

/// A proof that it is the member.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery"}))]
pub struct MfaRemovalRequest {
    /// The password of the account. Without a password: nothing, within 10 minutes of a social sign-in.
    #[garde(inner(custom(validation::proof)))]
    #[schema(nullable = false, format = "password", max_length = 1024)]
    pub current_password: Option<String>,
}

/// Whether there is a second factor.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"totp": true, "recovery_codes_left": 10}))]
pub struct Mfa {
    /// Whether codes by time (RFC 6238) are asked for.
    totp: bool,
    /// How many recovery codes are left.
    #[schema(minimum = 0, maximum = 10)]
    recovery_codes_left: u64,
}

impl From<SecondFactorState> for Mfa {
    fn from(state: SecondFactorState) -> Self {
        Self { totp: state.enabled, recovery_codes_left: state.recovery_codes_left }
    }
}

/// What an authenticator is set up with. Shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"secret": "JBSWY3DPEHPK3PXP", "otpauth_uri": "otpauth://totp/memo:alice%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=memo"}))]
pub struct TotpEnrolment {
    /// In base32, for who types it.
    #[schema(pattern = "^[A-Z2-7]+$")]
    secret: String,
    /// For who scans it.
    #[schema(format = "uri")]
    otpauth_uri: String,
}

impl From<Enrolment> for TotpEnrolment {
    fn from(enrolment: Enrolment) -> Self {
        Self { secret: enrolment.secret, otpauth_uri: enrolment.uri }
    }
}

/// A code of the authenticator.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "123456"}))]
pub struct TotpConfirmation {
    /// The code of this moment.
    #[garde(custom(validation::proof))]
    #[schema(max_length = 1024)]
    pub code: String,
}

/// What signs in where the authenticator is lost, each once. Shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"recovery_codes": ["abcd-efgh-ijkl-mnop-qrst-uvwx"]}))]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

/// A linked social account.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity, example = json!({"provider": "google", "email": "alice@gmail.com", "created_at": "2026-01-31T09:00:00.123456Z"}))]
pub struct IdentityItem {
    /// The name of the provider.
    provider: String,
    /// The address that the provider has.
    #[schema(required = true)]
    email: Option<String>,
    /// When it was linked.
    #[schema(format = "date-time")]
    created_at: String,
}

/// The linked social accounts.
#[derive(Serialize, ToSchema)]
pub struct IdentityList {
    items: Vec<IdentityItem>,
}

impl From<Vec<Identity>> for IdentityList {
    fn from(identities: Vec<Identity>) -> Self {
        Self { items: identities.into_iter().map(Into::into).collect() }
    }
}

impl From<Identity> for IdentityItem {
    fn from(identity: Identity) -> Self {
        Self { provider: identity.provider, email: identity.email, created_at: identity.created_at.to_string() }
    }
}
