//! How much of the data whose time is over one transaction removes.

use std::time::Duration;

use memo_domain::{Clock, Timestamp};

/// The turn of a transaction that removes rows: other writers wait only for a moment. A row may have a few bytes or some
/// megabytes, so it ends after a time; to commit what was removed takes about as long.
pub struct Turn<'a> {
    clock: &'a dyn Clock,
    began: Timestamp,
    /// How many rows were removed.
    pub removed: u64,
}

impl<'a> Turn<'a> {
    /// How many rows one transaction removes at most,
    pub const MOST: u32 = 200;
    /// how many of them at once,
    pub const AT_ONCE: u32 = 5;
    /// and after which time it removes no more.
    pub const TIME: Duration = Duration::from_millis(3);

    pub fn begin(clock: &'a dyn Clock) -> Self {
        Self { clock, began: clock.now(), removed: 0 }
    }

    /// Counts rows that were removed at once.
    pub fn goes_on_after(&mut self, removed: u64) -> bool {
        self.removed += removed;
        let is_end = removed < u64::from(Self::AT_ONCE) || self.removed >= u64::from(Self::MOST);
        !is_end && !self.is_over()
    }

    /// Whether it has taken its time.
    pub fn is_over(&self) -> bool {
        self.clock.now().since(self.began) >= Self::TIME
    }
}

#[cfg(test)]
mod tests {
    use memo_memory::FixedClock;

    use super::*;

    #[test]
    fn a_step_ends_after_its_time_after_its_rows_and_with_the_last_row() {
        let clock = FixedClock::at(Timestamp::from_micros(0));
        let all = u64::from(Turn::AT_ONCE);
        for (each, rows, expected) in [
            (Turn::TIME / 3, all, 3 * all),
            (Turn::TIME * 9, all, all),
            (Duration::ZERO, all, u64::from(Turn::MOST)),
            (Duration::ZERO, all - 1, all - 1),
        ] {
            let mut turn = Turn::begin(&clock);
            clock.advance(each);
            while turn.goes_on_after(rows) {
                clock.advance(each);
            }
            assert_eq!(turn.removed, expected, "{each:?} for {rows} rows");
        }
    }
}
