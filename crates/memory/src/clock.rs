use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use memo_domain::{Clock, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows this moment.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Moves it to this moment, be it earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Moves it on.
    pub fn advance(&self, duration: Duration) {
        let moved = |micros| Some((Timestamp::from_micros(micros) + duration).as_micros());
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_when_it_is_moved() {
        let clock = FixedClock::at(Timestamp::from_micros(1));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(2));
        assert_eq!(clock.now(), Timestamp::from_micros(2_001));
        clock.set(Timestamp::from_micros(-5));
        assert_eq!(clock.now(), Timestamp::from_micros(-5));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().to_string(), "9999-12-31T23:59:59.999999Z");
    }
}
