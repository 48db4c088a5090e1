//! Keys, whose order byte by byte is that of the values that they are made of.

use std::ops::Range;

use memo_domain::{Id, LinkTarget, SecretDigest, Source, Timestamp, TokenPurpose, Uuid, Version};
use sha2::{Digest, Sha256};

use crate::{
    codec::{Codec, Input},
    engine::Direction,
};

/// A value whose form in bytes has its order and a fixed length.
pub trait KeyPart {
    fn append_to(&self, key: &mut Vec<u8>);
}

macro_rules! key_parts {
    ($($type:ident)+) => {$(
        impl KeyPart for $type {
            fn append_to(&self, key: &mut Vec<u8>) {
                self.write(key);
            }
        }
    )+};
}
// Unsigned numbers are written with the highest byte first.
key_parts!(u8 u64 bool LinkTarget SecretDigest TokenPurpose Version);

impl<T> Codec for Id<T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_uuid().as_bytes());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::new(Uuid::from_bytes(input.array()?)))
    }
}

impl<T> KeyPart for Id<T> {
    fn append_to(&self, key: &mut Vec<u8>) {
        self.write(key);
    }
}

impl KeyPart for Timestamp {
    fn append_to(&self, key: &mut Vec<u8>) {
        // Without the sign, times before 1970 come before those after it.
        key.extend((self.as_micros() ^ i64::MIN).to_be_bytes());
    }
}

/// Texts of any length, of which only equality is kept.
pub struct Hashed<'a>(pub &'a [&'a str]);

impl KeyPart for Hashed<'_> {
    fn append_to(&self, key: &mut Vec<u8>) {
        let mut hash = Sha256::new();
        for text in self.0 {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        key.extend_from_slice(&hash.finalize());
    }
}

/// A text as far as a key can hold it.
pub struct Prefix<'a>(pub &'a str);

impl Prefix<'_> {
    /// The greatest number of bytes of a text in a key.
    pub const MAX: usize = 255;
}

impl KeyPart for Prefix<'_> {
    fn append_to(&self, key: &mut Vec<u8>) {
        let bytes = self.0.as_bytes();
        key.extend_from_slice(&bytes[..bytes.len().min(Self::MAX)]);
        // No text of the domain that is sorted by has this character: a text comes before those that it begins.
        key.push(0);
    }
}

/// Puts parts of keys together.
macro_rules! key {
    ($($part:expr),* $(,)?) => {{
        let mut key = Vec::with_capacity(64);
        $($crate::keys::KeyPart::append_to(&$part, &mut key);)*
        key
    }};
}
pub(crate) use key;

/// The keys that begin with a prefix, or some of them.
#[derive(Clone)]
pub struct KeyRange {
    prefix: Vec<u8>,
    start: Vec<u8>,
    end: Vec<u8>,
}

impl KeyRange {
    /// All keys that begin with a prefix, which must not consist of bytes `0xff` alone.
    pub fn of(prefix: Vec<u8>) -> Self {
        Self { start: prefix.clone(), end: after_all(&prefix), prefix }
    }

    /// All keys of all tables.
    pub fn everything() -> Range<&'static [u8]> {
        [0].as_slice()..[u8::MAX].as_slice()
    }

    /// Those that come, in this direction, after all keys with the prefix and this part after it.
    pub fn after(mut self, part: &[u8], direction: Direction) -> Self {
        let place = [&self.prefix, part].concat();
        match direction {
            Direction::Ascending => self.start = after_all(&place),
            Direction::Descending => self.end = place,
        }
        self
    }

    /// Those that come, in this direction, not before the prefix with this part after it.
    pub fn from(mut self, part: &[u8], direction: Direction) -> Self {
        let place = [&self.prefix, part].concat();
        match direction {
            Direction::Ascending => self.start = place,
            Direction::Descending => self.end = after_all(&place),
        }
        self
    }

    /// Those that are less than the prefix with this part after it.
    pub fn below(mut self, part: &[u8]) -> Self {
        self.end = [&self.prefix, part].concat();
        self
    }

    pub fn prefix_len(&self) -> usize {
        self.prefix.len()
    }

    pub fn as_range(&self) -> Range<&[u8]> {
        // A range that ends before it starts is empty here, and a panic in a map.
        if self.start <= self.end { &self.start..&self.end } else { &self.start..&self.start }
    }
}

/// The smallest key that is greater than all that begin with this one.
fn after_all(prefix: &[u8]) -> Vec<u8> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX).map_or(0, |last| last + 1);
    let mut key = prefix[..kept].to_vec();
    if let Some(last) = key.last_mut() {
        *last += 1;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_values() {
        let times = [i64::MIN, -1_000_000, -1, 0, 1, 255, 256, i64::MAX].map(Timestamp::from_micros);
        assert!(times.map(|time| key![time]).is_sorted());
        assert!([0, 1, 255, 256, u64::MAX].map(|number| key![number]).is_sorted());
        let titles = ["", "a", "a b", "ab", "b", "가", "나"];
        assert!(titles.map(|title| key![Prefix(title), u64::MAX]).is_sorted());
        assert!(key![Prefix(&"가".repeat(200))].len() <= Prefix::MAX + 1);
        assert_ne!(key![Hashed(&["ab", "c"])], key![Hashed(&["a", "bc"])]);
    }

    #[test]
    fn range_has_the_keys_with_its_prefix_alone() {
        let range = KeyRange::of(vec![1, 0xff]);
        let range = range.as_range();
        assert!([&[1, 0xff][..], &[1, 0xff, 0], &[1, 0xff, 0xff, 0xff]].iter().all(|key| range.contains(key)));
        assert!(![&[1, 0xfe, 0xff][..], &[1], &[2], &[2, 0]].iter().any(|key| range.contains(key)));
        let rest = KeyRange::of(vec![1]).after(&[5], Direction::Ascending);
        assert!(rest.as_range().contains(&&[1, 6][..]) && !rest.as_range().contains(&&[1, 5, 0xff][..]));
        let rest = KeyRange::of(vec![1]).after(&[5], Direction::Descending);
        assert!(rest.as_range().contains(&&[1, 4, 0xff][..]) && !rest.as_range().contains(&&[1, 5][..]));
        let rest = KeyRange::of(vec![1]).from(&[5], Direction::Descending);
        assert!(rest.as_range().contains(&&[1, 5, 0][..]) && !rest.as_range().contains(&&[1, 6][..]));
        let none = KeyRange::of(vec![1]).after(&[5], Direction::Ascending).below(&[2]);
        assert!(none.as_range().is_empty());
    }
}
