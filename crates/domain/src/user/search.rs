use super::{Role, User};
use crate::{
    InvalidValue,
    text::{check_no_nul, fold},
};

/// Selects users in an administrator's list. A user matches if all conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Text contained in the address or display name, ignoring case; see [`UserFilter::text`].
    text: Option<String>,
    /// Only users with this role.
    pub role: Option<Role>,
    /// Only disabled (`true`) or only enabled (`false`) users.
    pub disabled: Option<bool>,
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
        Ok(Self { text: Some(fold(text.trim())).filter(|text| !text.is_empty()), ..self })
    }

    /// The text in the form that addresses and names are compared by ([`fold`]).
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether a user matches.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        self.text.as_ref().is_none_or(|text| {
            user.email.key().contains(text.as_str()) || fold(user.display_name.as_str()).contains(text.as_str())
        }) && self.role.is_none_or(|role| role == user.role)
            && self.disabled.is_none_or(|disabled| disabled == user.disabled_at.is_some())
    }
}
