//! The shape of values: how serde parses what its derive would accept too generously, and garde's rules.

use std::{fmt, marker::PhantomData, str::FromStr};

use memo_domain::{Networks, Tags};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::Patch;
use crate::problem::FieldCode;

/// The largest integer that every JSON parser represents exactly (RFC 8259, section 6).
pub const MAX_EXACT: usize = 9_007_199_254_740_991;
/// The maximum length of a password, a code or a token that is compared, in bytes.
pub const MAX_PROOF: usize = 1_024;

/// An error of garde, whose message is the code and the bound, as [`Refusals::add_report`](super::Refusals) reads it.
fn refused(code: FieldCode, bound: usize) -> garde::Error {
    garde::Error::new(format!("{}:{bound}", code.name()))
}

/// Reads the message of an error that [`refused`] made.
pub fn read_refused(message: &str) -> (FieldCode, &str) {
    let (code, bound) = message.split_once(':').unwrap_or((message, ""));
    (FieldCode::named(code).unwrap_or(FieldCode::Malformed), bound)
}

fn within(value: i64, min: usize, max: usize) -> garde::Result {
    match usize::try_from(value) {
        Ok(value) if value > max => Err(refused(FieldCode::TooLarge, max)),
        Ok(value) if value >= min => Ok(()),
        _ => Err(refused(FieldCode::TooSmall, min)),
    }
}

/// A password, a code or a token that is compared. A longer one cannot be right, and is not looked at.
pub fn proof<C>(value: &str, _: &C) -> garde::Result {
    if value.len() > MAX_PROOF { Err(refused(FieldCode::TooLong, MAX_PROOF)) } else { Ok(()) }
}

/// A natural number.
#[expect(clippy::ref_option, reason = "garde passes the field by reference")]
pub fn natural<C>(value: &Option<i64>, _: &C) -> garde::Result {
    value.map_or(Ok(()), |value| within(value, 0, MAX_EXACT))
}

/// A version, which is stored in 32 bits.
#[expect(clippy::ref_option, reason = "garde passes the field by reference")]
pub fn version<C>(value: &Option<i64>, _: &C) -> garde::Result {
    value.map_or(Ok(()), |value| within(value, 1, u32::MAX as usize))
}

/// Not more tags than a memo may have.
pub fn few_tags<C>(tags: &AtMost<String, { Tags::MAX }>, _: &C) -> garde::Result {
    if tags.0.len() > Tags::MAX { Err(refused(FieldCode::TooMany, Tags::MAX)) } else { Ok(()) }
}

/// Not more patched tags than a memo may have.
pub fn patched_few_tags<C>(tags: &Patch<AtMost<String, { Tags::MAX }>>, context: &C) -> garde::Result {
    if let Patch::Value(tags) = tags { few_tags(tags, context) } else { Ok(()) }
}

/// A list that is neither empty nor too long.
pub fn one_or_more<T, C, const N: usize>(list: &AtMost<T, N>, _: &C) -> garde::Result {
    match list.0.len() {
        0 => Err(refused(FieldCode::Required, 1)),
        length if length > N => Err(refused(FieldCode::TooMany, N)),
        _ => Ok(()),
    }
}

/// A patched list that is neither empty nor too long.
pub fn patched_one_or_more<T, C, const N: usize>(list: &Patch<AtMost<T, N>>, context: &C) -> garde::Result {
    if let Patch::Value(list) = list { one_or_more(list, context) } else { Ok(()) }
}

/// Not more networks than an API key may have.
pub fn few_networks<C>(list: &AtMost<String, { Networks::MAX }>, _: &C) -> garde::Result {
    if list.0.len() > Networks::MAX { Err(refused(FieldCode::TooMany, Networks::MAX)) } else { Ok(()) }
}

/// Not more patched networks than an API key may have.
pub fn patched_few_networks<C>(list: &Patch<AtMost<String, { Networks::MAX }>>, context: &C) -> garde::Result {
    if let Patch::Value(list) = list { few_networks(list, context) } else { Ok(()) }
}

/// Deserializes a number or a boolean of a query. serde's `Option` would treat an empty value as absent.
pub fn parsed<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("wrong type"))
}

/// Deserializes an integer that may be absent, but not null. In JSON, `7.0` is an integer. Numbers beyond 64 bits saturate.
pub fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct WholeNumber;

    impl Visitor<'_> for WholeNumber {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer")
        }

        fn visit_i64<E>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E>(self, number: u64) -> Result<i64, E> {
            Ok(i64::try_from(number).unwrap_or(i64::MAX))
        }

        #[expect(clippy::cast_possible_truncation, reason = "the cast gives the nearest number")]
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<i64, E> {
            if number.fract() == 0.0 { Ok(number as i64) } else { Err(E::custom("not an integer")) }
        }
    }

    deserializer.deserialize_i64(WholeNumber).map(Some)
}

/// Deserializes a unit variant by its name; serde would also accept other forms of an enum.
pub fn choice<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(deserializer)?.into_deserializer())
}

/// Deserializes a [`choice`] that may be absent, but not null.
pub fn optional_choice<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    choice(deserializer).map(Some)
}

/// Deserializes a value that may be absent, but not null.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Deserializes an object; serde would also accept an array of its fields.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// A list of at most `N` items. Of a longer one, `N + 1` are kept, so that its length is refused without filling the memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AtMost<T, const N: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for AtMost<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Items<T, N> {
            type Value = AtMost<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AtMost<T, N>, A::Error> {
                let mut kept = Vec::new();
                while kept.len() <= N {
                    let Some(item) = items.next_element()? else { return Ok(AtMost(kept)) };
                    kept.push(item);
                }
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(AtMost(kept))
            }
        }

        deserializer.deserialize_seq(Items(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_accepted_in_any_notation() {
        let read = |json: &str| whole_number(&mut serde_json::Deserializer::from_str(json));
        for (json, number) in [
            ("7", 7),
            ("7.0", 7),
            ("-0.0", 0),
            ("7e2", 700),
            ("-1", -1),
            ("18446744073709551615", i64::MAX),
            ("1e300", i64::MAX),
            ("-1e300", i64::MIN),
        ] {
            assert_eq!(read(json).ok().flatten(), Some(number), "{json}");
        }
        for json in ["7.5", "\"7\"", "null", "[7]", "true"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn items_beyond_the_maximum_are_dropped() {
        let read = |json: &str| serde_json::from_str::<AtMost<u8, 2>>(json).map(|list| list.0);
        assert!(read("[]").expect("a list").is_empty());
        assert_eq!(read("[1, 2]").expect("a list"), [1, 2]);
        assert_eq!(read("[1, 2, 3]").expect("a list"), [1, 2, 3]);
        assert_eq!(read("[1, 2, 3, 4, \"x\"]").expect("a list"), [1, 2, 3]);
        assert!(read("[1, \"x\"]").is_err());
        assert!(read("{}").is_err());
    }
}
