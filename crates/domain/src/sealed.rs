use std::fmt;

use crate::Source;

/// An encrypted value, as a store keeps it: useless without the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps bytes that a [`Sealer`] returned or a store kept.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for a store.
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

/// Encrypts values that are stored and read again, such as the secret of a second factor, with a key that no store has.
///
/// # Contract
/// * `a_sealed_value_opens`: [`open`](Self::open) MUST return what was sealed.
/// * `a_changed_or_foreign_value_does_not_open`: the encryption MUST be authenticated: [`open`](Self::open) fails for
///   anything that [`seal`](Self::seal) did not return under a key of this sealer.
/// * `a_sealed_value_opens_in_its_own_context_only`: [`open`](Self::open) MUST fail for another `context` than the value was
///   sealed for.
/// * `the_same_value_sealed_twice_differs`: sealing a value twice MUST return two different results.
pub trait Sealer: Send + Sync {
    /// Encrypts a value.
    ///
    /// # Errors
    /// If the key cannot be used.
    fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Source>;

    /// Decrypts a value.
    ///
    /// # Errors
    /// If it was not sealed with a key of this server, or for another context.
    fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, Source>;
}
