//! Reads JSON objects, and says at which member something is wrong.

use garde::Validate;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use super::serde_error::field_error;
use crate::problem::{Code, FieldError, Place, Problem};

/// What can be made of a body that is one JSON object.
pub trait FromJson: Sized {
    /// Reads it and checks its values. Of what is no JSON anything may be said to be wrong.
    fn from_json(json: &[u8]) -> Result<Self, Vec<FieldError>>;
}

impl<T: DeserializeOwned + Validate<Context = ()>> FromJson for T {
    fn from_json(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        object(json, &[])
    }
}

/// Reads an object that stands at this place of the body, and checks its values.
pub fn object<'de, T: Deserialize<'de> + Validate<Context = ()>>(
    json: &'de [u8],
    at: &[String],
) -> Result<T, Vec<FieldError>> {
    let place = |names: &[String]| Place::pointer(&[at, names].concat());
    let wrong_type = || vec![FieldError::new(place(&[]), "wrong_type")];
    // Without this, serde would read an array as an object, member by member.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong_type());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value: T = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| vec![field_error(error.path(), &error.inner().to_string(), place)])?;
    deserializer.end().map_err(|_| wrong_type())?;
    value.validate().map_err(|report| FieldError::of_report(report, place))?;
    Ok(value)
}

/// Whether a text is one JSON value, or what a client is told.
pub fn well_formed(json: &[u8]) -> Result<(), Problem> {
    value(json).map_err(|error| {
        Problem::new(Code::InvalidJson).about(format_args!("line {}, column {}", error.line(), error.column()))
    })
}

/// Whether a text is one JSON value. Keeps nothing of it, however large it is.
pub fn value(json: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<AnyValue>(json).map(drop)
}

/// Any value, read and dropped. Unlike [`serde::de::IgnoredAny`] it looks into texts, whose escapes can be wrong.
struct AnyValue;

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

macro_rules! dropped {
    ($($method:ident($type:ty))+) => {$(
        fn $method<E>(self, _: $type) -> Result<Self, E> {
            Ok(self)
        }
    )+};
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    dropped! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    proptest! {
        #[test]
        fn what_serde_reads_is_well_formed_and_nothing_else(json in r#"[\[\]{}",:\\u0-9a-fd.e+ trn-]{0,12}|"\\u[dD][89a-cA-C][0-9]{2}(\\u[dD][c-f][0-9]{2})?"|\[?[1-9]e[0-9]{1,4}\]?"#) {
            prop_assert_eq!(well_formed(json.as_bytes()).is_ok(), serde_json::from_str::<Value>(&json).is_ok());
        }
    }

    #[test]
    fn a_text_must_be_utf_8() {
        assert!(well_formed(b"{\"a\": [1, -1, 1.5, true, null, \"\\ud83c\\udf89\"]}").is_ok());
        assert!(well_formed(b"\"\xff\"").is_err());
        assert!(well_formed(b"{\"\xff\": 1}").is_err());
    }
}
