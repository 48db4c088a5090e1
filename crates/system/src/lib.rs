//! The system clock, UUIDs and random secrets.

use std::sync::Mutex;

use memo_domain::{Clock, IdGenerator, Secret, SecretGenerator, Timestamp};
use uuid::{ContextV7, Uuid};

/// The system clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this adapter is the one place that may use it")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(chrono::Utc::now().timestamp_micros())
    }
}

/// Generates version 7 UUIDs, which increase within a millisecond and if the clock goes back.
#[derive(Debug)]
pub struct UuidV7Generator(Mutex<ContextV7>);

impl Default for UuidV7Generator {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl IdGenerator for UuidV7Generator {
    fn next(&self, at: Timestamp) -> Uuid {
        let micros = u64::try_from(at.as_micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
        let context = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, micros / 1_000_000, nanos))
    }
}

/// Generates secrets with the operating system's random generator.
#[derive(Debug, Default)]
pub struct SystemSecrets;

impl SecretGenerator for SystemSecrets {
    #[expect(clippy::disallowed_methods, reason = "this adapter is the one place that may use it")]
    fn next(&self) -> Secret {
        let mut bytes = [0; 32];
        // There is no safe way to continue without random bytes, and Linux always provides them once it has booted.
        getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
        Secret::new(bytes)
    }
}

#[cfg(test)]
mod conformance {
    use std::sync::Arc;

    use memo_conformance::TestSecrets;
    use memo_domain::{Clock, IdGenerator};

    use super::{SystemClock, SystemSecrets, UuidV7Generator};

    async fn clock() -> Option<Arc<dyn Clock>> {
        Some(Arc::new(SystemClock))
    }

    async fn ids() -> Option<Arc<dyn IdGenerator>> {
        Some(Arc::new(UuidV7Generator::default()))
    }

    async fn secrets() -> Option<TestSecrets> {
        Some(TestSecrets { secrets: Arc::new(SystemSecrets), is_predictable: false })
    }

    memo_conformance::clock_tests!(clock);
    memo_conformance::id_generator_tests!(ids);
    memo_conformance::secret_generator_tests!(secrets);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_increase_and_contain_their_time() {
        let ids = UuidV7Generator::default();
        let at = SystemClock.now();
        let made: Vec<_> = (0..1000).map(|_| ids.next(at)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        let (secs, _) = made[0].get_timestamp().expect("a time").to_unix();
        assert_eq!(i64::try_from(secs), Ok(at.as_secs()));
        assert_eq!(made[0].get_version_num(), 7);
    }

    #[test]
    fn two_secrets_differ() {
        assert_ne!(SystemSecrets.next(), SystemSecrets.next());
    }
}
