use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use memo_domain::{Clock, Timestamp};

type Watcher = Box<dyn Fn() + Send + Sync>;

/// A clock that stands still until it is moved.
pub struct FixedClock {
    micros: AtomicI64,
    watchers: Mutex<Vec<Watcher>>,
}

impl FixedClock {
    /// A clock that shows this moment.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { micros: AtomicI64::new(now.as_micros()), watchers: Mutex::new(Vec::new()) }
    }

    /// Calls this after each move: what waits by real time looks again at what is due.
    pub fn when_moved(&self, watcher: impl Fn() + Send + Sync + 'static) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(watcher));
    }

    /// Moves it to this moment, be it earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.micros.store(now.as_micros(), Ordering::SeqCst);
        self.moved();
    }

    /// Moves it on.
    pub fn advance(&self, duration: Duration) {
        let moved = |micros| Some((Timestamp::from_micros(micros) + duration).as_micros());
        let _ = self.micros.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
        self.moved();
    }

    fn moved(&self) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|watcher| watcher());
    }
}

impl fmt::Debug for FixedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedClock").field("micros", &self.micros).finish_non_exhaustive()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicU32};

    use super::*;

    #[test]
    fn moves_are_announced_after_them() {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1)));
        let seen = Arc::new(AtomicU32::new(0));
        let (watched, seen_by) = (Arc::downgrade(&clock), seen.clone());
        clock.when_moved(move || {
            let now = watched.upgrade().map_or(0, |clock| clock.now().as_micros());
            seen_by.fetch_add(u32::try_from(now).unwrap_or_default(), Ordering::SeqCst);
        });
        clock.advance(Duration::from_micros(2));
        clock.set(Timestamp::from_micros(10));
        assert_eq!(seen.load(Ordering::SeqCst), 3 + 10);
    }

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
