use hmac::{Hmac, KeyInit, Mac};
use memo_domain::Clock;
use memo_memory::FixedClock;
use sha1::Sha1;

use crate::Response;

/// An authenticator app (TOTP, RFC 6238), implemented independently of the server.
pub struct Authenticator {
    secret: Vec<u8>,
}

impl Authenticator {
    /// Set up from the response of `POST /api/v1/me/mfa/totp`.
    #[must_use]
    pub fn of(enrolment: &Response) -> Self {
        Self::with_secret(enrolment.text("secret"))
    }

    /// Set up from a base32 secret.
    #[must_use]
    pub fn with_secret(secret: &str) -> Self {
        Self { secret: base32(secret) }
    }

    /// The current code.
    #[must_use]
    pub fn code(&self, clock: &FixedClock) -> String {
        self.code_at(clock, 0)
    }

    /// The code `steps` time steps later, or earlier if negative.
    #[must_use]
    pub fn code_at(&self, clock: &FixedClock, steps: i64) -> String {
        let step = clock.now().as_secs() / 30 + steps;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect("HMAC accepts keys of any length");
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest[19] & 15);
        let bytes = digest[offset..].first_chunk::<4>().expect("four bytes");
        format!("{:06}", (u32::from_be_bytes(*bytes) & 0x7fff_ffff) % 1_000_000)
    }

    /// A code that is invalid at the current time step and at its neighbours.
    #[must_use]
    pub fn wrong_code(&self, clock: &FixedClock) -> String {
        let near: Vec<_> = (-2..=2).map(|steps| self.code_at(clock, steps)).collect();
        let codes = (0..10).map(|number| format!("{number:06}"));
        codes.into_iter().find(|code| !near.contains(code)).expect("at most five of ten codes are near")
    }
}

/// RFC 4648, section 6, without padding.
fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut length) = (Vec::new(), 0_u32, 0);
    for char in text.bytes() {
        let value = match char {
            b'A'..=b'Z' => char - b'A',
            b'2'..=b'7' => char - b'2' + 26,
            _ => panic!("{text} is not base32"),
        };
        (bits, length) = (bits << 5 | u32::from(value), length + 5);
        if length >= 8 {
            length -= 8;
            bytes.push(u8::try_from(bits >> length & 0xff).expect("eight bits"));
        }
    }
    bytes
}
