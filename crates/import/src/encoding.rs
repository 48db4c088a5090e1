use encoding_rs::{EUC_KR, UTF_16BE, UTF_16LE};

/// Decodes the text of a file: UTF-8, UTF-16 with a byte order mark, or EUC-KR (with the extensions of code page 949). A byte
/// order mark is removed. `None` if the text has another encoding.
pub fn decode_text(bytes: Vec<u8>) -> Option<String> {
    let decoded = match *bytes {
        [0xff, 0xfe, ref rest @ ..] => UTF_16LE.decode_without_bom_handling_and_without_replacement(rest),
        [0xfe, 0xff, ref rest @ ..] => UTF_16BE.decode_without_bom_handling_and_without_replacement(rest),
        _ => {
            return match String::from_utf8(bytes) {
                Ok(text) => match text.strip_prefix('\u{feff}') {
                    Some(rest) => Some(rest.to_owned()),
                    None => Some(text),
                },
                Err(error) => EUC_KR
                    .decode_without_bom_handling_and_without_replacement(error.as_bytes())
                    // Many binary files are valid EUC-KR, but have control characters.
                    .filter(|text| !text.contains(is_unusual))
                    .map(std::borrow::Cow::into_owned),
            };
        }
    };
    decoded.map(std::borrow::Cow::into_owned)
}

/// Whether a character hardly ever occurs in a text.
fn is_unusual(char: char) -> bool {
    char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_common_encodings_are_decoded() {
        for bytes in [
            "회의 a".as_bytes(),
            b"\xef\xbb\xbf\xed\x9a\x8c\xec\x9d\x98 a",
            b"\xff\xfe\x8c\xd6\x58\xc7 \0a\0",
            b"\xfe\xff\xd6\x8c\xc7\x58\0 \0a",
            b"\xc8\xb8\xc0\xc7 a",
        ] {
            assert_eq!(decode_text(bytes.to_vec()).as_deref(), Some("회의 a"), "{bytes:?}");
        }
        for bytes in [b"\x89PNG\r\n\x1a\n\0\0".as_slice(), b"\xff\xfe\0", b"\xff\xff"] {
            assert_eq!(decode_text(bytes.to_vec()), None, "{bytes:?}");
        }
    }
}
