use unicode_normalization::{UnicodeNormalization, char::decompose_compatible, is_nfc};

use crate::InvalidValue;

/// The form that texts are compared by ignoring case: NFC, each character in lower case, NFC again.
///
/// Its byte order is the same on every store (Hangul syllables sort as in a dictionary).
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// The form that full-text search compares texts by: like [`fold`], with full-width, half-width and other compatibility
/// characters replaced by what they stand for (as in NFKC), full case folding (`ß` is `ss`), and each run of white space
/// as one space, trimmed.
///
/// Hangul compatibility letters (`ㅋㅋㅋ`) stay as they are: NFKC would compose neighbours into syllables.
#[must_use]
pub fn search_form(text: &str) -> String {
    let mut form = String::with_capacity(text.len());
    // Whether a mapped character may compose with a neighbour.
    let mut mapped = false;
    let mut blank = false;
    let mut push = |char: char| {
        if char.is_whitespace() {
            blank = true;
            return;
        }
        if blank && !form.is_empty() {
            form.push(' ');
        }
        blank = false;
        match char {
            // Fast path for the most common characters.
            '!'..='~' => form.push(char.to_ascii_lowercase()),
            '가'..='힣' | '\u{3131}'..='\u{318e}' => form.push(char),
            _ => {
                mapped = true;
                decompose_compatible(char, |part| {
                    if part.is_whitespace() {
                        blank = true;
                    } else {
                        if blank && !form.is_empty() {
                            form.push(' ');
                        }
                        blank = false;
                        form.extend(part.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
                    }
                });
            }
        }
    };
    if is_nfc(text) {
        text.chars().for_each(&mut push);
    } else {
        text.nfc().for_each(&mut push);
    }
    if mapped { form.nfc().collect() } else { form }
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
