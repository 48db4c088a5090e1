//! Sealed values, encrypted with XChaCha20-Poly1305.

use std::sync::Arc;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use memo_domain::{Sealed, Sealer, Secret, SecretGenerator, Source};
use sha2::Sha256;
use thiserror::Error;

/// The format, the first byte of a sealed value.
const FORMAT: u8 = 1;
/// Length of a nonce, in bytes: long enough that random ones never repeat.
const NONCE: usize = 24;
/// The purpose of the derived keys, so that they reveal nothing about the peppers, and vice versa.
const PURPOSE: &[u8] = b"memo sealer, XChaCha20-Poly1305, form 1";

/// Why a value could not be sealed or opened, without its content.
#[derive(Debug, Error)]
enum SealError {
    #[error("the value is too long to be sealed")]
    TooLong,
    #[error("the value was not sealed here, for another context, or with an unknown key")]
    Unreadable,
}

/// Encrypts with keys derived by HKDF-SHA-256 from the peppers. The first key seals, all of them open. A sealed value is a
/// byte for the format, the nonce, then the ciphertext with its tag; the context is authenticated, too.
pub struct AeadSealer {
    /// The first one seals.
    ciphers: Vec<XChaCha20Poly1305>,
    secrets: Arc<dyn SecretGenerator>,
}

impl AeadSealer {
    /// Returns a sealer with keys derived from these. `None` without a key.
    #[must_use]
    pub fn new(keys: &[Secret], secrets: Arc<dyn SecretGenerator>) -> Option<Self> {
        let ciphers: Vec<_> = keys.iter().map(cipher).collect::<Option<_>>()?;
        (!ciphers.is_empty()).then_some(Self { ciphers, secrets })
    }
}

fn cipher(key: &Secret) -> Option<XChaCha20Poly1305> {
    let mut derived = [0; 32];
    Hkdf::<Sha256>::new(None, key.expose()).expand(PURPOSE, &mut derived).ok()?;
    Some(XChaCha20Poly1305::new(&derived.into()))
}

impl Sealer for AeadSealer {
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Source> {
        let cipher = self.ciphers.first().ok_or(SealError::Unreadable)?;
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&self.secrets.next().expose()[32 - NONCE..]);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let text = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::TooLong)?;
        Ok(Sealed::new([&[FORMAT], &nonce[..], &text].concat()))
    }

    fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
        let (&format, rest) = sealed.as_bytes().split_first().ok_or(SealError::Unreadable)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Unreadable)?;
        if format != FORMAT {
            return Err(SealError::Unreadable.into());
        }
        let open = |cipher: &XChaCha20Poly1305| {
            let payload = Payload { msg: text, aad: context.as_bytes() };
            cipher.decrypt(&XNonce::from(*nonce), payload).ok()
        };
        Ok(self.ciphers.iter().find_map(open).ok_or(SealError::Unreadable)?)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use memo_memory::SequentialSecrets;
    use proptest::prelude::*;

    use super::*;
    use memo_system::SystemSecrets;

    const OLD: Secret = Secret::new([1; 32]);
    const NEW: Secret = Secret::new([2; 32]);

    fn sealer(keys: &[Secret]) -> AeadSealer {
        AeadSealer::new(keys, Arc::new(SystemSecrets)).expect("a key")
    }

    proptest! {
        #[test]
        fn a_sealed_value_opens(context in ".*", plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let new = sealer(&[NEW]);
            let sealed = new.seal(&context, &plain).expect("sealed");
            prop_assert_eq!(new.open(&context, &sealed).expect("opened"), plain);
        }

        #[test]
        fn arbitrary_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(sealer(&[NEW]).open("mail", &Sealed::new(bytes)).is_err());
        }
    }

    #[test]
    fn a_value_sealed_twice_differs_and_is_encrypted() {
        let new = sealer(&[NEW]);
        let (one, other) = (new.seal("mail", b"hunter2").expect("sealed"), new.seal("mail", b"hunter2"));
        assert_ne!(one, other.expect("sealed"));
        assert!(!one.as_bytes().windows(7).any(|window| window == b"hunter2"));
        assert_eq!(one.as_bytes().len(), 1 + NONCE + 7 + 16);
    }

    #[test]
    fn another_context_does_not_open() {
        let new = sealer(&[NEW]);
        let sealed = new.seal("mail", b"hunter2").expect("sealed");
        for context in ["", "mai", "mail2", "second_factor"] {
            let error = new.open(context, &sealed).expect_err("refused");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_changed_or_truncated_value_does_not_open() {
        let new = sealer(&[NEW]);
        let bytes = new.seal("mail", b"hunter2").expect("sealed").as_bytes().to_vec();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                assert!(new.open("mail", &Sealed::new(changed)).is_err(), "byte {place}, bit {bit}");
            }
            assert!(new.open("mail", &Sealed::new(bytes[..place].to_vec())).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn an_older_key_opens_and_the_first_key_seals() {
        let (old, new, both) = (sealer(&[OLD]), sealer(&[NEW]), sealer(&[NEW, OLD]));
        let sealed = old.seal("mail", b"hunter2").expect("sealed");
        assert_eq!(both.open("mail", &sealed).expect("opened"), b"hunter2");
        assert!(new.open("mail", &sealed).is_err(), "an unknown key");
        let sealed = both.seal("mail", b"hunter2").expect("sealed");
        assert!(new.open("mail", &sealed).is_ok() && old.open("mail", &sealed).is_err());
    }

    #[test]
    fn the_format_does_not_change() {
        let old = AeadSealer::new(&[OLD], Arc::new(SequentialSecrets::new())).expect("a key");
        let sealed = old.seal("mail", b"kept").expect("sealed");
        let text = STANDARD.encode(sealed.as_bytes());
        assert_eq!(text, "AdeOKHyl2cxR7hrnPL/eCMazcyTL+qyLxdJEpkJuJEN10YZWsXGma+220lIi");
    }

    #[test]
    fn no_sealer_without_a_key() {
        assert!(AeadSealer::new(&[], Arc::new(SystemSecrets)).is_none());
    }
}
