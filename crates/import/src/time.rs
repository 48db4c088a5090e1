//! Times as other programs write them. Without an offset, they are UTC.

use memo_domain::Timestamp;

/// Parses RFC 3339, also without seconds or offset, with a space, with slashes, or a date alone.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = Timestamp::parse(text) {
        return Some(time);
    }
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest).trim();
    let (clock, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    let clock = clock.trim();
    let padding = if clock.find(':') == Some(1) { "0" } else { "" };
    let seconds = match (clock.len() + padding.len(), clock.matches(':').count()) {
        (0, _) => "00:00:00",
        (5, 1) => ":00",
        _ => "",
    };
    let offset = match *offset.as_bytes() {
        [] => "Z".to_owned(),
        [_, _, _] => format!("{offset}:00"),
        [_, _, _, _, _] => offset.split_at_checked(3).map(|(hours, minutes)| format!("{hours}:{minutes}"))?,
        _ => offset.to_ascii_uppercase(),
    };
    Timestamp::parse(&format!("{}T{padding}{clock}{seconds}{offset}", date.replace('/', "-"))).ok()
}

/// Parses the form of Evernote, `20260131T090000Z` (ISO 8601, basic format).
pub fn parse_compact(text: &str) -> Option<Timestamp> {
    let text = text.trim().strip_suffix('Z')?;
    if text.len() != 15 || !text.is_ascii() {
        return None;
    }
    let (date, clock) = text.split_once('T')?;
    let date = format!("{}-{}-{}", date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    Timestamp::parse(&format!("{date}T{}:{}:{}Z", clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?)).ok()
}

/// Converts milliseconds since 1970; 0 stands for no time.
pub fn from_millis(text: &str) -> Option<Timestamp> {
    let millis: i64 = text.trim().parse().ok()?;
    (millis != 0).then(|| Timestamp::from_micros(millis.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_front_matter_are_parsed() {
        for (text, time) in [
            ("2026-01-31", Some("2026-01-31T00:00:00Z")),
            ("2026/01/31", Some("2026-01-31T00:00:00Z")),
            ("2026-01-31T09:30", Some("2026-01-31T09:30:00Z")),
            ("2026-01-31 9:30", Some("2026-01-31T09:30:00Z")),
            ("2026-01-31 09:30:05", Some("2026-01-31T09:30:05Z")),
            ("2026-01-31 09:30:05.25 +0900", Some("2026-01-31T00:30:05.250Z")),
            ("2026-01-31T09:30+09", Some("2026-01-31T00:30:00Z")),
            (" 2026-01-31T09:30:05z ", Some("2026-01-31T09:30:05Z")),
            ("2026-01-31T09:30:05.123456+09:00", Some("2026-01-31T00:30:05.123456Z")),
            ("2026-02-30", None),
            ("yesterday", None),
            ("2026-01-31T", Some("2026-01-31T00:00:00Z")),
            ("2026-01-31Tx", None),
            ("일이삼사오육칠", None),
            ("", None),
        ] {
            assert_eq!(parse_time(text).map(|time| time.to_string()).as_deref(), time, "{text}");
        }
    }

    #[test]
    fn times_of_evernote_and_joplin_are_parsed() {
        let compact = |text| parse_compact(text).map(|time| time.to_string());
        assert_eq!(compact("20260131T090005Z").as_deref(), Some("2026-01-31T09:00:05Z"));
        for text in ["", "Z", "20260131", "20260131T090005", "2026013T1090005Z", "가나다라마Z", "20261331T090005Z"]
        {
            assert_eq!(compact(text), None, "{text}");
        }
        assert_eq!(
            from_millis("1769850000123").map(|time| time.to_string()).as_deref(),
            Some("2026-01-31T09:00:00.123Z")
        );
        assert_eq!([from_millis("0"), from_millis(""), from_millis("x")], [None; 3]);
    }
}
