use std::sync::atomic::{AtomicU64, Ordering};

use memo_domain::{IdGenerator, Timestamp};
use uuid::Uuid;

/// Makes `UUIDv7`s that count up from 1 where others are random.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl SequentialIds {
    /// A generator that starts at the first id.
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

impl IdGenerator for SequentialIds {
    fn next(&self, at: Timestamp) -> Uuid {
        const VERSION: u128 = 0x7 << 76;
        const VARIANT: u128 = 0b10 << 62;
        // RFC 9562, section 5.7: 48 bits of milliseconds, which can't be negative; the counter fills the last 62 bits.
        let millis = u128::try_from(at.as_micros().div_euclid(1_000)).unwrap_or(0);
        let count = u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1);
        Uuid::from_u128(millis << 80 | VERSION | VARIANT | count)
    }
}

#[cfg(test)]
mod tests {
    use uuid::{Variant, Version};

    use super::*;

    #[test]
    fn ids_are_of_their_moment_and_count_up() {
        let ids = SequentialIds::new();
        let now = Timestamp::parse("2026-01-31T09:00:00.123456Z").expect("a valid time");
        let made: Vec<_> = (0..1_000).map(|_| ids.next(now)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!(made[0].to_string(), "019c1347-d2fb-7000-8000-000000000001");
        for id in made {
            assert_eq!((id.get_version(), id.get_variant()), (Some(Version::SortRand), Variant::RFC4122));
            assert_eq!(id.as_u128() >> 80, u128::try_from(now.as_micros() / 1_000).expect("after 1970"));
        }
        assert_eq!(ids.next(Timestamp::from_micros(-1)).to_string(), "00000000-0000-7000-8000-0000000003e9");
    }
}
