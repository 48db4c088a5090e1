//! The text form of secrets.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::Secret;

/// A secret as its holder gets it: base64url without padding (RFC 4648, section 5).
#[must_use]
pub fn secret_text(secret: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(secret.expose())
}

/// Reads [`secret_text`] back; `None` if it is malformed.
#[must_use]
pub fn read_secret(text: &str) -> Option<Secret> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Secret::new)
}

/// Bytes as text, in the same alphabet.
pub fn bytes_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads [`bytes_text`] back; `None` if it is malformed.
pub fn read_bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
