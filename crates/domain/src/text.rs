use unicode_normalization::UnicodeNormalization;

use crate::InvalidValue;

/// The form in which two texts are compared without case: NFC, each character in lower case, NFC again.
///
/// Compared byte by byte it gives the same order on every store (Hangul syllables sort as in a dictionary).
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// NFC without leading and trailing white space.
pub(crate) fn normalize(text: &str) -> String {
    text.trim().nfc().collect()
}

pub(crate) fn check_length(text: &str, min: usize, max: usize) -> Result<(), InvalidValue> {
    let count = text.chars().count();
    if count < min {
        Err(InvalidValue::TooShort { min })
    } else if count > max {
        Err(InvalidValue::TooLong { max })
    } else {
        Ok(())
    }
}

pub(crate) fn check_no_nul(text: &str) -> Result<(), InvalidValue> {
    if text.contains('\0') { Err(InvalidValue::NulCharacter) } else { Ok(()) }
}

pub(crate) fn check_no_control(text: &str) -> Result<(), InvalidValue> {
    check_no_nul(text)?;
    if text.chars().any(char::is_control) { Err(InvalidValue::ControlCharacter) } else { Ok(()) }
}
