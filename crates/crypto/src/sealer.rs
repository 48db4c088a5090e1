//! What is kept and read again, encrypted by XChaCha20-Poly1305.

use std::sync::Arc;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use memo_domain::{Sealed, Sealer, Secret, SecretGenerator, Source};
use sha2::Sha256;
use thiserror::Error;

/// The form of what is sealed, its first byte: another one may come.
const FORM: u8 = 1;
/// The length of a nonce: long enough that random ones never meet (24 bytes).
const NONCE: usize = 24;
/// What the keys are derived for, so that they tell nothing of the peppers, nor these of them.
const PURPOSE: &[u8] = b"memo sealer, XChaCha20-Poly1305, form 1";

/// Why something sealed can't be read. It says nothing of what is in it.
#[derive(Debug, Error)]
enum SealError {
    #[error("what was to be sealed is too long")]
    TooLong,
    #[error("this was not sealed here, not for this, or with a key that is gone")]
    Unreadable,
}

/// Encrypts under keys that are derived (HKDF-SHA-256) from those of the pepper's file. The first key seals, all of them
/// open. Sealed, something is a byte for the form, the nonce, and the text with its tag; the context is authenticated.
pub struct AeadSealer {
    /// The first one seals.
    ciphers: Vec<XChaCha20Poly1305>,
    secrets: Arc<dyn SecretGenerator>,
}

impl AeadSealer {
    /// With the keys of the pepper's file; `None` where there is none.
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
        Ok(Sealed::new([&[FORM], &nonce[..], &text].concat()))
    }

    fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
        let (&form, rest) = sealed.as_bytes().split_first().ok_or(SealError::Unreadable)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Unreadable)?;
        if form != FORM {
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
        fn what_was_sealed_opens(context in ".*", plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let new = sealer(&[NEW]);
            let sealed = new.seal(&context, &plain).expect("sealed");
            prop_assert_eq!(new.open(&context, &sealed).expect("opened"), plain);
        }

        #[test]
        fn anything_else_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(sealer(&[NEW]).open("mail", &Sealed::new(bytes)).is_err());
        }
    }

    #[test]
    fn the_same_sealed_twice_differs_and_hides_it() {
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
    fn no_bit_of_it_can_be_changed_and_no_byte_left_out() {
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
    fn an_older_key_opens_and_the_first_one_seals() {
        let (old, new, both) = (sealer(&[OLD]), sealer(&[NEW]), sealer(&[NEW, OLD]));
        let sealed = old.seal("mail", b"hunter2").expect("sealed");
        assert_eq!(both.open("mail", &sealed).expect("opened"), b"hunter2");
        assert!(new.open("mail", &sealed).is_err(), "a key that is gone");
        let sealed = both.seal("mail", b"hunter2").expect("sealed");
        assert!(new.open("mail", &sealed).is_ok() && old.open("mail", &sealed).is_err());
    }

    #[test]
    fn what_was_sealed_once_opens_for_ever() {
        let old = AeadSealer::new(&[OLD], Arc::new(SequentialSecrets::new())).expect("a key");
        let sealed = old.seal("mail", b"kept").expect("sealed");
        let text = STANDARD.encode(sealed.as_bytes());
        assert_eq!(text, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcCMbZk8coOmbhowzoJyoYFN+Tfo");
    }

    #[test]
    fn without_a_key_there_is_no_sealer() {
        assert!(AeadSealer::new(&[], Arc::new(SystemSecrets)).is_none());
    }
}
