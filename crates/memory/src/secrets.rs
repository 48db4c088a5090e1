use std::sync::atomic::{AtomicU64, Ordering};

use memo_domain::{Secret, SecretGenerator};

/// Makes secrets that look random and that anyone can guess: the SHA-256 of 1, 2, 3 … For tests only.
#[derive(Debug, Default)]
pub struct SequentialSecrets(AtomicU64);

impl SequentialSecrets {
    /// A generator that starts at the first secret.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// A generator that continues as this one does.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::SeqCst)))
    }
}

impl SecretGenerator for SequentialSecrets {
    fn next(&self) -> Secret {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&(self.0.fetch_add(1, Ordering::SeqCst) + 1).to_be_bytes());
        Secret::new(*Secret::new(bytes).digest().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_distinct_and_the_same_in_each_run() {
        let (one, other) = (SequentialSecrets::new(), SequentialSecrets::new());
        let first = one.next();
        assert_eq!(first, other.next());
        assert_ne!(first, one.next());
    }
}
