use super::{Role, User};
use crate::{
    InvalidValue,
    text::{check_no_nul, fold},
};

/// Which members an administrator asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// A text that their address or name has somewhere, whatever its case; see [`UserFilter::text`].
    text: Option<String>,
    /// Those with this role.
    pub role: Option<Role>,
    /// Those who are shut out, or those who are not.
    pub disabled: Option<bool>,
}

impl UserFilter {
    /// The most characters of a text.
    pub const MAX_TEXT: usize = 320;

    /// Those whose address or name has this text somewhere, whatever its case.
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

    /// The text in the form in which addresses and names are compared ([`fold`]).
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether a member is among those asked for.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        self.text.as_ref().is_none_or(|text| {
            user.email.key().contains(text.as_str()) || fold(user.display_name.as_str()).contains(text.as_str())
        }) && self.role.is_none_or(|role| role == user.role)
            && self.disabled.is_none_or(|disabled| disabled == user.disabled_at.is_some())
    }
}
