use std::fmt;

use crate::{InvalidValue, Timestamp};

/// A day in UTC, in the years 0 to 9999. Its text form is `2026-01-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    const SECONDS: i64 = 24 * 60 * 60;

    /// The day of a moment.
    #[must_use]
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_secs().div_euclid(Self::SECONDS))
    }

    /// The day that begins a number of days after 1970-01-01.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self::of(Timestamp::from_micros(number.saturating_mul(Self::SECONDS * 1_000_000)))
    }

    /// The number of days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The day a number of days later, or earlier.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self::from_number(self.0.saturating_add(days))
    }

    /// Parses `2026-01-31`, or a moment in RFC 3339, of which it is the day in UTC.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        const DATE: usize = "2026-01-31".len();
        let time =
            if text.len() == DATE { Timestamp::parse(&format!("{text}T00:00:00Z")) } else { Timestamp::parse(text) };
        time.map(Self::of)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = Timestamp::from_micros(self.0 * Self::SECONDS * 1_000_000).to_string();
        f.write_str(start.split('T').next().unwrap_or_default())
    }
}

/// Days from the first to the last one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageRange {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

impl UsageRange {
    /// The greatest number of days of a report.
    pub const MAX_DAYS: usize = 366;
    /// The number of days of a report if no other is asked for.
    pub const DEFAULT_DAYS: usize = 30;

    /// The number of days; 0 if the last one is before the first.
    #[must_use]
    pub fn days(self) -> usize {
        usize::try_from(self.to.0 - self.from.0 + 1).unwrap_or(0)
    }

    /// Whether a day is one of these.
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_from_dates_and_moments() {
        for (text, expected) in [
            ("2026-01-31", "2026-01-31"),
            ("2026-01-31T23:59:59.999999Z", "2026-01-31"),
            ("2026-01-31T05:00:00+09:00", "2026-01-30"),
            ("2024-02-29", "2024-02-29"),
            ("1969-12-31T23:59:59Z", "1969-12-31"),
            ("0000-01-01", "0000-01-01"),
            ("9999-12-31", "9999-12-31"),
        ] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in ["", "today", "2026-02-29", "2026-1-31", "2026-01-31T", "20260131", "2026-01-310", "일이삼a"] {
            assert_eq!(Day::parse(text), Err(InvalidValue::Malformed), "{text}");
        }
    }

    #[test]
    fn ranges_include_both_ends() {
        let day = |text| Day::parse(text).expect("a day");
        let range = UsageRange { from: day("2026-02-27"), to: day("2026-03-01") };
        assert_eq!(range.days(), 3);
        assert!(range.contains(range.from) && range.contains(range.to) && !range.contains(range.to.plus(1)));
        assert_eq!(UsageRange { from: range.to, to: range.from }.days(), 0);
        assert_eq!((range.from.plus(2), day("1970-01-02").number()), (range.to, 1));
        assert_eq!(Day::from_number(i64::MAX).plus(9), day("9999-12-31"));
    }
}
