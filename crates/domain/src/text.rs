use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, char::decompose_compatible, is_nfc};

use crate::InvalidValue;

/// The form that addresses are compared by: NFC in lower case. `ß` and `ss` are two letters, as in domain names (RFC 5892).
#[must_use]
pub fn lower_case(text: &str) -> String {
    nfc(nfc(text).chars().flat_map(char::to_lowercase).collect::<String>()).into_owned()
}

/// The form that texts are compared by ignoring case: NFC, full case folding (`ß` is `ss`, `ς` is `σ`), NFC again.
///
/// Its byte order is the same on every store (Hangul syllables sort as in a dictionary).
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    nfc(nfc(text).chars().flat_map(fold_char).collect::<String>()).into_owned()
}

/// The full case folding of a character (`CaseFolding.txt` of Unicode, statuses C and F), up to canonical equivalence: lower,
/// upper and lower case again. Only for the dotless `ı` that is another letter than the standard's, which keeps it.
fn fold_char(char: char) -> impl Iterator<Item = char> {
    // A Hangul syllable has no case; the tables would be searched three times.
    let is_kept = char == 'ı' || ('가'..='힣').contains(&char);
    let kept = is_kept.then_some(char);
    let other = (!is_kept).then_some(char);
    let folded = other.into_iter().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    kept.into_iter().chain(folded.flat_map(char::to_lowercase))
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
            '\u{ffa1}'..='\u{ffdc}' => form.push(full_width_letter(char)),
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
                        form.extend(fold_char(part));
                    }
                });
            }
        }
        form.len() < max
    };
    let _is_whole = if is_nfc(text) { text.chars().all(&mut push) } else { text.nfc().all(&mut push) };
    let mut form = if mapped { nfc(form).into_owned() } else { form };
    form.truncate(form.floor_char_boundary(max));
    form.truncate(form.trim_end_matches(' ').len());
    form
}

/// The Hangul compatibility letter of a half-width one: its decomposition goes on to the letters that syllables consist of.
fn full_width_letter(char: char) -> char {
    let offset = match char {
        '\u{ffa1}'..='\u{ffbe}' => 0xffa1 - 0x3131,
        '\u{ffc2}'..='\u{ffc7}' => 0xffc2 - 0x314f,
        '\u{ffca}'..='\u{ffcf}' => 0xffca - 0x3155,
        '\u{ffd2}'..='\u{ffd7}' => 0xffd2 - 0x315b,
        '\u{ffda}'..='\u{ffdc}' => 0xffda - 0x3161,
        _ => 0,
    };
    char::from_u32(u32::from(char) - offset).unwrap_or(char)
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
    nfc(text.trim()).into_owned()
}

/// NFC. A text that has this form is not copied.
pub(crate) fn nfc<'t>(text: impl Into<Cow<'t, str>>) -> Cow<'t, str> {
    let text = text.into();
    if is_nfc(&text) { text } else { Cow::Owned(text.nfc().collect()) }
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

/// Requires a text that is shown in a line of its own: with a visible character, and no character that controls the text
/// around it.
pub(crate) fn check_line(text: &str) -> Result<(), InvalidValue> {
    check_no_control(text)?;
    if text.contains(is_bidirectional_control) {
        return Err(InvalidValue::BidirectionalControl);
    }
    if text.contains(is_visible) { Ok(()) } else { Err(InvalidValue::NoVisibleCharacter) }
}

/// Embeddings, overrides and isolates (UAX #9, sections 2.1 to 2.4), which reorder the text that follows them.
const fn is_bidirectional_control(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character leaves a mark: neither white space, nor ignorable by default (`Default_Ignorable_Code_Point` of
/// Unicode), nor otherwise blank.
fn is_visible(char: char) -> bool {
    let is_ignorable = matches!(
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
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    // The Braille pattern without dots is no white space.
    !(char.is_whitespace() || char.is_control() || is_ignorable || char == '\u{2800}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_that_is_nfc_already_has_the_same_forms(
            text in r"(\PC|[a-zA-Z ]|[À-ǿ]|[\x{300}-\x{345}\x{591}-\x{5bd}\x{1100}-\x{11ff}]|[가-힣]|[\x{2126}\x{212b}\x{f900}-\x{fad9}])*"
        ) {
            let composed: String = text.nfc().collect();
            prop_assert_eq!(nfc(&*text), &*composed);
            prop_assert_eq!(nfc(&*composed), &*composed);
            prop_assert_eq!(normalize(&text), text.trim().nfc().collect::<String>());
            prop_assert_eq!(lower_case(&text), composed.chars().flat_map(char::to_lowercase).nfc().collect::<String>());
            prop_assert_eq!(fold(&text), composed.chars().flat_map(fold_char).nfc().collect::<String>());
        }
    }

    #[test]
    fn case_folding_is_full() {
        for (one, other) in [
            ("STRASSE", "straße"),
            ("GROẞ", "groß"),
            ("ΝΕΟΣ", "νεος"),
            ("ΝΕΟΣ", "νεοσ"),
            ("ﬁ", "FI"),
            ("ŉ", "ʼN"),
            ("ſ", "S"),
            ("\u{212a}", "k"),
            ("ᾳ", "ΑΙ"),
            ("\u{390}", "\u{3aa}\u{301}"),
            ("İ", "i\u{307}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
            assert_eq!(search_form(one), search_form(other), "{one} {other}");
        }
        assert_eq!([fold("ı"), search_form("ı")], ["ı", "ı"]);
        assert_ne!(fold("ﬀ1"), fold("ﬁ1"));
    }

    #[test]
    fn half_width_letters_are_those_of_full_width() {
        for (half, full) in [
            ("\u{ffbb}\u{ffbb}", "ㅋㅋ"),
            ("\u{ffa1}\u{ffbe}", "ㄱㅎ"),
            ("\u{ffc2}\u{ffc7}\u{ffca}\u{ffcf}", "ㅏㅔㅕㅚ"),
            ("\u{ffd2}\u{ffd7}\u{ffda}\u{ffdc}", "ㅛㅠㅡㅣ"),
        ] {
            assert_eq!(search_form(half), search_form(full));
        }
        for letter in '\u{ffa1}'..='\u{ffdc}' {
            // The compatibility decomposition of the Unicode character database is the letter itself.
            let parts: String = letter.to_string().nfkd().collect();
            assert_eq!(search_form(&letter.to_string()).nfkd().collect::<String>(), parts, "{letter}");
        }
    }

    #[test]
    fn lines_have_a_visible_character_and_control_nothing() {
        for line in
            ["a", "\u{200f}שלום", "👨\u{200d}👩\u{200d}👧", "می\u{200c}خواهم", "\u{301}", "🏴\u{e0067}\u{e007f}", "."]
        {
            assert_eq!(check_line(line), Ok(()), "{line}");
        }
        for line in
            ["", " ", "\u{3000}", "\u{200b}", "\u{200e}", "\u{61c}\u{200f}", "\u{2800}", "\u{3164}", "\u{ad} \u{feff}"]
        {
            assert_eq!(check_line(line), Err(InvalidValue::NoVisibleCharacter), "{line:?}");
        }
        for line in ["invoice\u{202e}gpj.exe", "\u{2066}", "a\u{2069}"] {
            assert_eq!(check_line(line), Err(InvalidValue::BidirectionalControl), "{line:?}");
        }
        assert_eq!(check_line("a\u{85}b"), Err(InvalidValue::ControlCharacter));
        assert_eq!(check_line("a\0b"), Err(InvalidValue::NulCharacter));
    }
}
