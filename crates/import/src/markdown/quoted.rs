//! Quoted texts of YAML 1.2 (section 7.3), of which those in double quotes include the strings of JSON.

use std::fmt::Write;

/// Parses a text in single quotes, and returns what follows it.
pub fn parse_single(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut parsed = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        parsed.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => rest = after,
            None => return Some((parsed, after)),
        }
        parsed.push('\'');
    }
}

/// Parses a text in double quotes, and returns what follows it.
pub fn parse_double(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut parsed = String::new();
    loop {
        match chars.next()? {
            '"' => return Some((parsed, chars.as_str())),
            '\\' => parsed.push(parse_escape(&mut chars)?),
            char => parsed.push(char),
        }
    }
}

fn parse_escape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        char @ (' ' | '"' | '/' | '\\') => char,
        'x' => char::from_u32(parse_hex(chars, 2)?)?,
        'U' => char::from_u32(parse_hex(chars, 8)?)?,
        'u' => match parse_hex(chars, 4)? {
            // JSON writes characters beyond U+FFFF as two surrogates.
            high @ 0xd800..=0xdbff => {
                chars.next().filter(|char| *char == '\\')?;
                chars.next().filter(|char| *char == 'u')?;
                let low = parse_hex(chars, 4)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?
            }
            number => char::from_u32(number)?,
        },
        _ => return None,
    })
}

fn parse_hex(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<u32> {
    (0..digits).try_fold(0_u32, |number, _| Some(number << 4 | chars.next()?.to_digit(16)?))
}

/// Writes a text in double quotes, readable as YAML and as JSON.
pub fn write_double(text: &str, output: &mut String) {
    output.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => output.extend(['\\', char]),
            '\n' => output.push_str("\\n"),
            '\t' => output.push_str("\\t"),
            // Also line breaks for some readers, and a mark that some remove.
            char if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(output, "\\u{:04x}", u32::from(char));
            }
            char => output.push(char),
        }
    }
    output.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_text_is_parsed_as_it_was_by_this_and_as_json(text in any::<String>()) {
            let mut written = String::new();
            write_double(&text, &mut written);
            let breaks = ['\n', '\r', '\u{85}', '\u{2028}'];
            prop_assert!(!written.contains(breaks));
            let as_json: String = serde_json::from_str(&written).expect("JSON");
            prop_assert_eq!(&as_json, &text);
            written.push_str(" rest");
            prop_assert_eq!(parse_double(&written), Some((text, " rest")));
        }

        #[test]
        fn json_is_parsed(text in any::<String>()) {
            let json = serde_json::to_string(&text).expect("JSON");
            prop_assert_eq!(parse_double(&json), Some((text, "")));
        }
    }

    #[test]
    fn escapes_are_parsed_and_wrong_ones_refused() {
        assert_eq!(parse_double(r#""\ud83d\ude00\U0001F600\x41\/""#), Some(("😀😀A/".to_owned(), "")));
        for text in [r#""\ud83d""#, r#""\ud83dA""#, r#""\ud83d\u0041""#, r#""\q""#, r#""\u12""#, r#""a"#, "a"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
        assert_eq!(parse_single("'a''b' c"), Some(("a'b".to_owned(), " c")));
        assert_eq!(parse_single("'a''"), None);
    }
}
