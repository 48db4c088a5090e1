use std::fmt;

use crate::Source;

/// Something secret in the form in which a store may keep it: encrypted, and nothing without the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps what a [`Sealer`] made or a store kept.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Encrypts what has to be kept and read again, such as the secret of a second factor.
///
/// # Contract
/// * It MUST be authenticated encryption under a key that no store holds: [`open`](Self::open) MUST fail for anything that
///   [`seal`](Self::seal) did not make, and for another `context` than the one it was made for.
/// * Sealing the same twice MUST give two different results.
pub trait Sealer: Send + Sync {
    /// Encrypts.
    ///
    /// # Errors
    /// Where the key can't be used.
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Source>;

    /// Decrypts.
    ///
    /// # Errors
    /// Where it was not sealed with a key of this server, or not for this.
    fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, Source>;
}
