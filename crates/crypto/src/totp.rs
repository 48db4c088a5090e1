//! Time-based one-time codes (TOTP, RFC 6238): HMAC-SHA-1, six digits, steps of 30 s.

use hmac::{Hmac, KeyInit, Mac};
use memo_domain::{OneTimeCodes, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Length of a step, in seconds.
const STEP: i64 = 30;
/// Number of steps before and after the current one whose codes are accepted: clocks differ, and people type slowly.
const SKEW: i64 = 1;
/// Codes are numbers below this.
const MODULUS: u32 = 1_000_000;
/// All but the unreserved characters of a URI (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Computes and checks codes as authenticator apps do.
#[derive(Debug, Clone)]
pub struct Totp {
    issuer: String,
}

impl Default for Totp {
    /// Codes with the issuer `memo`.
    fn default() -> Self {
        Self::new("memo")
    }
}

impl Totp {
    /// Returns codes with this issuer, which apps show.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self { issuer: issuer.into() }
    }
}

/// Returns the code of a step; `None` before 1970.
fn code_of(secret: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&u64::try_from(step).ok()?.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    // RFC 4226, section 5.3: the last four bits select 31 bits.
    let offset = usize::from(digest.last()? & 0xf);
    let bytes = digest.get(offset..)?.first_chunk::<4>()?;
    let number = (u32::from_be_bytes(*bytes) & 0x7fff_ffff) % MODULUS;
    Some(format!("{number:06}"))
}

impl OneTimeCodes for Totp {
    fn step(&self, secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
        let latest = self.latest_step(now);
        // All steps are compared, so that the time reveals nothing.
        let (mut found, mut step) = (Choice::from(0), 0);
        for candidate in latest - 2 * SKEW..=latest {
            let Some(expected) = code_of(secret, candidate) else { continue };
            let fits = expected.as_bytes().ct_eq(code.as_bytes());
            step.conditional_assign(&candidate, fits);
            found |= fits;
        }
        bool::from(found).then_some(step)
    }

    fn latest_step(&self, now: Timestamp) -> i64 {
        now.as_secs().div_euclid(STEP) + SKEW
    }

    fn code(&self, secret: &[u8], now: Timestamp) -> String {
        code_of(secret, now.as_secs().div_euclid(STEP)).unwrap_or_default()
    }

    fn text(&self, secret: &[u8]) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let byte = |place: usize| secret.get(place).copied().unwrap_or(0);
        // A character is five bits of at most two bytes. Apps expect no padding.
        let character = |place: usize| {
            let window = u16::from_be_bytes([byte(place * 5 / 8), byte(place * 5 / 8 + 1)]);
            char::from(ALPHABET[usize::from(window >> (11 - place * 5 % 8) & 31)])
        };
        (0..(secret.len() * 8).div_ceil(5)).map(character).collect()
    }

    fn uri(&self, secret: &[u8], account: &str) -> String {
        let issuer = utf8_percent_encode(&self.issuer, RESERVED);
        let account = utf8_percent_encode(account, RESERVED);
        let secret = self.text(secret);
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}"
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // RFC 6238, appendix B, cut to six digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(Totp::default().code(SECRET, at(seconds)), code);
            assert_eq!(Totp::default().step(SECRET, code, at(seconds)), Some(seconds / 30));
        }
        // RFC 4226, appendix D.
        for (step, code) in ["755224", "287082", "359152", "969429", "338314", "254676"].iter().enumerate() {
            assert_eq!(code_of(SECRET, i64::try_from(step).expect("small")).as_deref(), Some(*code));
        }
    }

    #[test]
    fn a_code_is_valid_one_step_before_and_after() {
        let codes = Totp::default();
        let now = 1_111_111_111;
        let code = codes.code(SECRET, at(now));
        let step = now / 30;
        let (begin, end) = (step * 30 - 30, step * 30 + 60);
        for (moment, expected) in
            [(begin - 1, None), (begin, Some(step)), (now, Some(step)), (end - 1, Some(step)), (end, None)]
        {
            assert_eq!(codes.step(SECRET, &code, at(moment)), expected, "{}", moment - now);
        }
    }

    #[test]
    fn a_wrong_code_is_refused() {
        let codes = Totp::default();
        for wrong in ["", "05047", "0504711", "050472", " 050471", "0 50471", "０５０４７１", "abcdef"] {
            assert_eq!(codes.step(SECRET, wrong, at(1_111_111_111)), None, "{wrong}");
        }
        assert_eq!(codes.step(b"another secret", "050471", at(1_111_111_111)), None);
    }

    #[test]
    fn no_code_before_1970() {
        assert_eq!(Totp::default().code(SECRET, at(-1)), "");
        assert_eq!(Totp::default().step(SECRET, "", at(-100)), None);
        assert_eq!(Totp::default().step(SECRET, "755224", at(-1)), Some(0), "the next step is in 1970");
    }

    #[test]
    fn a_secret_is_base32_without_padding() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(Totp::default().text(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_uri_is_percent_encoded() {
        assert_eq!(
            Totp::default().uri(SECRET, "alice+x@example.com"),
            "otpauth://totp/memo:alice%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=memo\
             &algorithm=SHA1&digits=6&period=30"
        );
        let uri = Totp::new("내 메모").uri(SECRET, "a&secret=x?#/@b");
        assert!(uri.starts_with("otpauth://totp/%EB%82%B4%20%EB%A9%94%EB%AA%A8:a%26secret%3Dx%3F%23%2F%40b?"), "{uri}");
    }

    proptest! {
        #[test]
        fn any_code_of_any_time_is_accepted(secret in proptest::collection::vec(any::<u8>(), 0..80), now in 30..i64::MAX / 2_000_000) {
            let codes = Totp::default();
            let code = codes.code(&secret, at(now));
            prop_assert_eq!(code.len(), 6);
            prop_assert!(codes.step(&secret, &code, at(now)).is_some());
            prop_assert!(codes.text(&secret).bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)));
        }
    }
}
