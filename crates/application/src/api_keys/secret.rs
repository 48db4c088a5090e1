//! The text form of the secrets of API keys: `memo_<id of the key>_<64 hexadecimal digits>`.

use std::fmt::Write as _;

use memo_domain::{ApiKeyId, Secret};

/// By which programs that look for leaked secrets recognize a key.
const PREFIX: &str = "memo_";
/// The length of the text form of an id.
const ID: usize = 36;

/// Whether a bearer token is an API key, valid or not, and no access token.
#[must_use]
pub fn is_api_key(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// The secret as its holder gets it.
pub(super) fn text(id: ApiKeyId, secret: &Secret) -> String {
    secret.expose().iter().fold(format!("{PREFIX}{id}_"), |mut text, byte| {
        // Writing to memory cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads [`text`] back; `None` if it is malformed.
pub(super) fn read(token: &str) -> Option<(ApiKeyId, Secret)> {
    let (id, rest) = token.strip_prefix(PREFIX)?.split_at_checked(ID)?;
    let digits = rest.strip_prefix('_')?.as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some((ApiKeyId::parse(id).ok()?, Secret::new(bytes)))
}

const fn digit(char: u8) -> Option<u8> {
    match char {
        b'0'..=b'9' => Some(char - b'0'),
        b'a'..=b'f' => Some(char - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back_and_nothing_else_does() {
        let id = ApiKeyId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("an id");
        let secret = Secret::new(std::array::from_fn(|n| u8::try_from(n * 8 + 7).expect("a byte")));
        let text = text(id, &secret);
        assert!(text.starts_with("memo_0198c0de-7f00-7000-8000-00000000000a_070f17"), "{text}");
        assert_eq!(read(&text), Some((id, secret)));
        for length in 0..text.len() {
            assert_eq!(read(&text[..length]), None, "{length}");
        }
        for other in [format!("{text}0"), format!("{text} "), text.replace("070f", "070F"), text.replace("_07", "-07")]
        {
            assert_eq!(read(&other), None, "{other}");
        }
        assert_eq!(read(&format!("memo_{}", "é".repeat(60))), None);
    }
}
