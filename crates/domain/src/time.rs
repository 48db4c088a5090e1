use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};

use crate::InvalidValue;

/// A moment in UTC with a precision of one microsecond, in the years 0 to 9999.
///
/// Its text form is RFC 3339 with `Z`, and a fraction of three or six digits if it is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    const MIN: i64 = -62_167_219_200_000_000;
    const MAX: i64 = 253_402_300_799_999_999;

    /// From microseconds since 1970-01-01T00:00:00Z, clamped to the years 0 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(if micros < Self::MIN {
            Self::MIN
        } else if micros > Self::MAX {
            Self::MAX
        } else {
            micros
        })
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Parses RFC 3339 with any offset; digits after the microsecond are truncated.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] if the text is not RFC 3339 or lies outside the years 0 to 9999.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidValue::Malformed)?.with_timezone(&Utc);
        if (0..=9999).contains(&time.year()) {
            Ok(Self::from_micros(time.timestamp_micros()))
        } else {
            Err(InvalidValue::Malformed)
        }
    }

    /// This moment, or `previous` if that is later: a clock may be set back, but the times of an entity never run backwards.
    #[must_use]
    pub fn not_before(self, previous: Self) -> Self {
        self.max(previous)
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.0 % 1_000_000 == 0 {
            SecondsFormat::Secs
        } else if self.0 % 1_000 == 0 {
            SecondsFormat::Millis
        } else {
            SecondsFormat::Micros
        };
        f.write_str(&DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default().to_rfc3339_opts(format, true))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_form_round_trips(micros in Timestamp::MIN..=Timestamp::MAX) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }

        #[test]
        fn parsing_never_panics(text in ".*") {
            let _ = Timestamp::parse(&text);
        }
    }

    #[test]
    fn offsets_are_converted_and_nanoseconds_truncated() {
        let time = Timestamp::parse("2026-01-31T18:00:00.123456789+09:00").expect("a valid time");
        assert_eq!(time.to_string(), "2026-01-31T09:00:00.123456Z");
        assert_eq!(Timestamp::parse("2026-01-31T09:00:00Z").expect("a valid time").to_string(), "2026-01-31T09:00:00Z");
    }

    #[test]
    fn timestamps_outside_0_to_9999_are_rejected() {
        for text in ["", "2026-01-31", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "+10000-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), Err(InvalidValue::Malformed), "{text}");
        }
    }
}
