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
/// as one space, trimmed, and without characters that are not shown (a soft hyphen, a zero-width space: those with the
/// property `Default_Ignorable_Code_Point`).
///
/// Hangul compatibility letters (`ㅋㅋㅋ`) stay as they are: NFKC would compose neighbours into syllables.
#[must_use]
pub(crate) fn search_form(text: &str) -> String {
    search_form_within(text, usize::MAX)
}

/// The beginning of the [`search_form`] of a text, of at most `max` bytes.
#[must_use]
pub(crate) fn search_form_within(text: &str, max: usize) -> String {
    let mut form = String::with_capacity(text.len().min(max));
    // Whether a mapped character may compose with a neighbour.
    let mut mapped = false;
    let mut blank = false;
    // Returns whether the form may become longer.
    let mut push = |char: char| {
        if char.is_whitespace() {
            blank = true;
            return true;
        }
        if is_ignorable(char) {
            return true;
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
                    } else if !is_ignorable(part) {
                        if blank && !form.is_empty() {
                            form.push(' ');
                        }
                        blank = false;
                        form.extend(part.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
                    }
                });
            }
        }
        form.len() < max
    };
    let _is_whole = if is_nfc(text) { text.chars().all(&mut push) } else { text.nfc().all(&mut push) };
    let mut form: String = if mapped { form.nfc().collect() } else { form };
    form.truncate(form.floor_char_boundary(max));
    form.truncate(form.trim_end_matches(' ').len());
    form
}

/// Whether a character has the property `Default_Ignorable_Code_Point` (Unicode 17.0): it is not shown, and does not change
/// what a text says.
const fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
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
