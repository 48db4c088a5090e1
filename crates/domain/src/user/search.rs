use super::{Role, User};
use crate::{
    InvalidValue,
    text::{check_no_nul, fold, lower_case},
};

/// Selects users in an administrator's list. A user matches if all conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Text contained in the address or display name, ignoring case, in the forms that both are compared by.
    text: Option<UserText>,
    /// Only users with this role.
    pub role: Option<Role>,
    /// Only disabled (`true`) or only enabled (`false`) users.
    pub disabled: Option<bool>,
}

/// A text to be found in addresses or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserText {
    /// In the form of [`Email::key`](crate::Email::key).
    pub in_address: String,
    /// In the form that names are compared by ([`fold`]).
    pub in_name: String,
}

impl UserFilter {
    /// The maximum length of the text in characters (Unicode scalar values).
    pub const MAX_TEXT: usize = 320;

    /// Only users whose address or display name contains this text, ignoring case.
    ///
    /// # Errors
    /// [`InvalidValue::TooLong`] or [`InvalidValue::NulCharacter`].
    pub fn with_text(self, text: &str) -> Result<Self, InvalidValue> {
        check_no_nul(text)?;
        if text.chars().count() > Self::MAX_TEXT {
            return Err(InvalidValue::TooLong { max: Self::MAX_TEXT });
        }
        let text = text.trim();
        let forms = || UserText { in_address: lower_case(text), in_name: fold(text) };
        Ok(Self { text: (!text.is_empty()).then(forms), ..self })
    }

    /// The text.
    #[must_use]
    pub const fn text(&self) -> Option<&UserText> {
        self.text.as_ref()
    }

    /// Whether a user matches.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        self.text.as_ref().is_none_or(|text| {
            user.email.key().contains(&text.in_address) || fold(user.display_name.as_str()).contains(&text.in_name)
        }) && self.role.is_none_or(|role| role == user.role)
            && self.disabled.is_none_or(|disabled| disabled == user.disabled_at.is_some())
    }
}
