use memo_domain::{MemoId, Timestamp, Uuid};
use sha2::{Digest, Sha256};

use crate::Source;

/// The time in the id of a note that has no time of creation: 2000-01-01. The time of its last change would be another one in the
/// next archive.
const NO_TIME: u64 = 946_684_800_000;

/// Derives the id of a note (RFC 9562, section 5.7): its time of creation, and 74 bits of a hash of what identifies it. So the
/// same note has the same id in each archive.
pub fn derive_id(source: Source, key: &str, part: usize, created_at: Option<Timestamp>) -> MemoId {
    let millis = created_at.map(|time| time.as_micros().div_euclid(1_000));
    let millis = millis.map_or(NO_TIME, |millis| u64::try_from(millis).unwrap_or(0));
    let mut hash = Sha256::new();
    // NUL occurs in no name.
    for text in ["memo-import", source.as_str(), &part.to_string(), key] {
        hash.update(text);
        hash.update([0]);
    }
    let mut bytes = [0; 16];
    let (time, random) = bytes.split_at_mut(6);
    time.copy_from_slice(&millis.to_be_bytes()[2..]);
    random.copy_from_slice(&hash.finalize()[..10]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    MemoId::new(Uuid::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_have_the_time_of_creation() {
        let time = Timestamp::parse("2026-01-31T09:00:00.123456Z").expect("a time");
        let id = derive_id(Source::Keep, "a.json", 0, Some(time)).as_uuid();
        assert_eq!(id.get_version_num(), 7);
        assert!(id.to_string()[19..].starts_with(['8', '9', 'a', 'b']), "{id}");
        let (seconds, nanos) = id.get_timestamp().expect("a time").to_unix();
        assert_eq!((seconds, nanos), (1_769_850_000, 123_000_000));
    }

    #[test]
    fn ids_differ_by_source_name_part_and_time_and_by_nothing_else() {
        let time = Timestamp::parse("2026-01-31T09:00:00Z").expect("a time");
        let id = |source, key, part, time| derive_id(source, key, part, time).to_string();
        let first = id(Source::Keep, "a", 0, Some(time));
        // Fixed: notes that were imported with an older version of memo must not appear twice.
        assert_eq!(first, "019c1347-d280-7cad-9a28-783512bc1a65");
        for other in [
            id(Source::Enex, "a", 0, Some(time)),
            id(Source::Keep, "b", 0, Some(time)),
            id(Source::Keep, "a", 1, Some(time)),
            id(Source::Keep, "a", 0, None),
        ] {
            assert_ne!(first, other);
        }
        let early = id(Source::Keep, "a", 0, Timestamp::parse("1960-01-01T00:00:00Z").ok());
        assert!(early.starts_with("00000000-0000-7"), "{early}");
    }
}
