use crate::{
    InvalidValue,
    text::{check_length, check_line, check_no_nul, fold},
};

/// The title of a memo: 1 to 200 characters, one of them visible, none of them a control character or a bidirectional one;
/// otherwise stored byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX: usize = 200;

    /// # Errors
    /// [`InvalidValue::TooShort`], [`InvalidValue::TooLong`], [`InvalidValue::NulCharacter`],
    /// [`InvalidValue::ControlCharacter`], [`InvalidValue::BidirectionalControl`] or [`InvalidValue::NoVisibleCharacter`].
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        check_length(&text, 1, Self::MAX)?;
        check_line(&text)?;
        Ok(Self(text))
    }

    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as given.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// The key that titles are sorted by, byte by byte: the same order on every store, independent of collations.
    #[must_use]
    pub fn sort_key(&self) -> String {
        fold(&self.0)
    }
}

/// The text of a memo: up to 100,000 characters, no NUL, otherwise stored byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content(String);

impl Content {
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX: usize = 100_000;

    /// # Errors
    /// [`InvalidValue::TooLong`] or [`InvalidValue::NulCharacter`].
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        check_no_nul(&text)?;
        check_length(&text, 0, Self::MAX)?;
        Ok(Self(text))
    }

    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as given.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn title_is_stored_byte_for_byte_or_rejected(text in any::<String>()) {
            let count = text.chars().count();
            match Title::new(text.clone()) {
                Ok(title) => prop_assert_eq!(title.as_str(), text),
                Err(_) => prop_assert!(count == 0 || count > Title::MAX || check_line(&text).is_err()),
            }
        }

        #[test]
        fn content_is_stored_byte_for_byte(text in "[^\0]{0,300}") {
            let content = Content::new(text.clone());
            prop_assert_eq!(content.as_ref().map(Content::as_str), Ok(text.as_str()));
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(Title::new("가".repeat(200)).is_ok());
        assert_eq!(Title::new("가".repeat(201)), Err(InvalidValue::TooLong { max: 200 }));
        assert_eq!(Title::new(""), Err(InvalidValue::TooShort { min: 1 }));
        assert_eq!(Title::new("\u{200b}"), Err(InvalidValue::NoVisibleCharacter));
        assert!(Content::new("한".repeat(100_000)).is_ok());
        assert_eq!(Content::new("a".repeat(100_001)), Err(InvalidValue::TooLong { max: 100_000 }));
        assert_eq!(Content::new("a\0b"), Err(InvalidValue::NulCharacter));
    }

    #[test]
    fn titles_sort_ignoring_case_and_unicode_form() {
        let key = |text: &str| Title::new(text).expect("a valid title").sort_key();
        assert_eq!(key("\u{1112}\u{1161}\u{11ab}"), key("한"));
        assert!(key("Apple") < key("banana"));
        assert!(key("banana") < key("가"));
        assert!(key("가") < key("나"));
    }
}
