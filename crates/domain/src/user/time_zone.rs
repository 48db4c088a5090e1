use std::str::FromStr;

use chrono::DateTime;
use chrono_tz::Tz;

use crate::{InvalidValue, Timestamp};

/// A time zone of the IANA database, such as `Asia/Seoul`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The maximum length of a name in bytes: longer than any that the database has.
    pub const MAX: usize = 64;

    /// # Errors
    /// [`InvalidValue::UnknownTimeZone`] if the database has no zone of this name.
    pub fn new(name: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Tz::from_str(name.as_ref()).map(Self).map_err(|_| InvalidValue::UnknownTimeZone)
    }

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.name()
    }

    /// A moment as the clocks of the zone show it, to the minute, with the name of the zone: `2026-01-31 18:00 (Asia/Seoul)`.
    #[must_use]
    pub fn local(self, time: Timestamp) -> String {
        let time = DateTime::from_timestamp_micros(time.as_micros()).unwrap_or_default().with_timezone(&self.0);
        format!("{} ({})", time.format("%Y-%m-%d %H:%M"), self.as_str())
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::TZ_VARIANTS;

    use super::*;

    #[test]
    fn every_name_of_the_database_is_a_zone() {
        for zone in TZ_VARIANTS {
            let read = TimeZone::new(zone.name()).expect("a zone");
            assert_eq!(read.as_str(), zone.name());
            assert!(read.as_str().len() <= TimeZone::MAX, "{}", zone.name());
        }
        for name in ["", "utc", "Asia/seoul", " Asia/Seoul", "Asia/Seoul\0", "KST", "+09:00", "../etc/passwd"] {
            assert_eq!(TimeZone::new(name), Err(InvalidValue::UnknownTimeZone), "{name:?}");
        }
    }

    #[test]
    fn local_time_follows_offset_and_daylight_saving() {
        let local = |zone: &str, time: &str| {
            TimeZone::new(zone).expect("a zone").local(Timestamp::parse(time).expect("a time"))
        };
        assert_eq!(local("Asia/Seoul", "2026-01-31T15:00:59.999999Z"), "2026-02-01 00:00 (Asia/Seoul)");
        assert_eq!(local("UTC", "2026-01-31T15:00:00Z"), "2026-01-31 15:00 (UTC)");
        assert_eq!(local("Europe/Berlin", "2026-03-29T00:59:00Z"), "2026-03-29 01:59 (Europe/Berlin)");
        assert_eq!(local("Europe/Berlin", "2026-03-29T01:00:00Z"), "2026-03-29 03:00 (Europe/Berlin)");
        // At both ends of time, too.
        for time in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert!(local("Pacific/Kiritimati", time).ends_with(" (Pacific/Kiritimati)"));
            assert!(local("America/Adak", time).ends_with(" (America/Adak)"));
        }
    }
}
