//! How `serde` reads members where its own way would take too much for good.

use std::{fmt, marker::PhantomData, str::FromStr};

use memo_domain::{InvalidValue, Tags};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// What a JSON Merge Patch (RFC 7396) says of one member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Nothing: it stays.
    #[default]
    Absent,
    /// It is taken away.
    Null,
    /// It is set.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T> Patch<T> {
    /// The value that is set, where taking it away means the default.
    pub fn or_default(self) -> Option<T>
    where
        T: Default,
    {
        match self {
            Self::Absent => None,
            Self::Null => Some(T::default()),
            Self::Value(value) => Some(value),
        }
    }

    /// The value that is set, where it can't be taken away.
    pub fn or_required(self) -> Result<Option<T>, InvalidValue> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Err(InvalidValue::Required),
            Self::Value(value) => Ok(Some(value)),
        }
    }
}

/// A number or a truth value of a query. serde by itself would take an empty one for none at all.
pub fn parsed<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("not of the type that is needed here"))
}

/// A whole number that may be left out, but is not null. As JSON has it, `7.0` is one; the largest there are stand for all
/// beyond them.
pub fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct WholeNumber;

    impl Visitor<'_> for WholeNumber {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_i64<E>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E>(self, number: u64) -> Result<i64, E> {
            Ok(i64::try_from(number).unwrap_or(i64::MAX))
        }

        #[expect(clippy::cast_possible_truncation, reason = "the cast gives the nearest number")]
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<i64, E> {
            if number.fract() == 0.0 { Ok(number as i64) } else { Err(E::custom("not a whole number")) }
        }
    }

    deserializer.deserialize_i64(WholeNumber).map(Some)
}

/// One of a list of names, and no other form in which serde would read an enum.
pub fn choice<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(deserializer)?.into_deserializer())
}

/// As [`choice`], patched.
pub fn patched_choice<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Patch<T>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(Patch::Null),
        Some(name) => T::deserialize(name.into_deserializer()).map(Patch::Value),
    }
}

/// An object, and no array, in which serde would look for the members one by one.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// The tags of a memo as texts.
pub fn tag_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    TagTexts::deserialize(deserializer).map(|texts| texts.0)
}

/// As [`tag_texts`], patched.
pub fn patched_tag_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patch<Vec<String>>, D::Error> {
    Ok(Option::<TagTexts>::deserialize(deserializer)?.map_or(Patch::Null, |texts| Patch::Value(texts.0)))
}

type TagTexts = AtMost<String, { Tags::MAX }>;

/// A list of at most `N` items. Of a longer one so many are kept and one more, so that it is refused as too long, but
/// neither it nor what is wrong with its items fills the memory.
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
    fn whole_numbers_are_told_from_others() {
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
    fn a_list_that_is_too_long_is_not_kept() {
        let read = |json: &str| serde_json::from_str::<AtMost<u8, 2>>(json).map(|list| list.0);
        assert!(read("[]").expect("a list").is_empty());
        assert_eq!(read("[1, 2]").expect("a list"), [1, 2]);
        assert_eq!(read("[1, 2, 3]").expect("a list"), [1, 2, 3]);
        assert_eq!(read("[1, 2, 3, 4, \"x\"]").expect("a list"), [1, 2, 3]);
        assert!(read("[1, \"x\"]").is_err());
        assert!(read("{}").is_err());
    }
}
