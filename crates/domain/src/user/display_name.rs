use crate::{
    InvalidValue,
    text::{check_length, check_line, check_no_control, normalize},
};

/// The name that other users see: trimmed, NFC, 1 to 100 characters, one of them visible, none of them a control character or
/// a bidirectional one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// The maximum length in characters (Unicode scalar values), after trimming and NFC.
    pub const MAX: usize = 100;

    /// # Errors
    /// [`InvalidValue::TooShort`], [`InvalidValue::TooLong`], [`InvalidValue::NulCharacter`],
    /// [`InvalidValue::ControlCharacter`], [`InvalidValue::BidirectionalControl`] or [`InvalidValue::NoVisibleCharacter`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        check_no_control(text.as_ref())?;
        let text = normalize(text.as_ref());
        check_length(&text, 1, Self::MAX)?;
        check_line(&text)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_name_is_trimmed_and_normalized() {
        let name = DisplayName::new(" \u{1112}\u{1161}\u{11ab} ").expect("a valid name");
        assert_eq!(name.as_str(), "한");
        assert_eq!(DisplayName::new("  "), Err(InvalidValue::TooShort { min: 1 }));
        assert_eq!(DisplayName::new("a\r\nb"), Err(InvalidValue::ControlCharacter));
        assert_eq!(DisplayName::new("\u{200b}\u{2060}"), Err(InvalidValue::NoVisibleCharacter));
        assert_eq!(DisplayName::new("\u{202e}ecilA"), Err(InvalidValue::BidirectionalControl));
        assert_eq!(DisplayName::new("가".repeat(101)), Err(InvalidValue::TooLong { max: 100 }));
    }
}
