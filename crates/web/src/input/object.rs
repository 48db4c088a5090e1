//! Parses JSON objects, and reports where they are invalid.

use garde::Validate;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::{
    refusals::{Refusals, Refused},
    serde_error::field_error,
    shape::read_refused,
};
use crate::problem::{Code, FieldCode, FieldError, Problem};

/// Parses an object and checks its shape.
pub fn parse<'de, T: Deserialize<'de> + Validate<Context = ()>>(
    json: &'de [u8],
    refused: &mut Refusals,
) -> Result<T, Refused> {
    let wrong_type = |refused: &mut Refusals| refused.push(FieldError::new(refused.place(&[]), FieldCode::WrongType));
    // serde would read an array as an object, field by field.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong_type(refused));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value: T = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let message = error.inner().to_string();
        refused.push(field_error(error.path(), &message, |names| refused.place(names)))
    })?;
    deserializer.end().map_err(|_| wrong_type(refused))?;
    check_shape(&value, refused);
    Ok(value)
}

/// Runs garde's rules.
pub fn check_shape<T: Validate<Context = ()>>(value: &T, refused: &mut Refusals) {
    let Err(report) = value.validate() else { return };
    for (path, error) in report.into_inner() {
        let (code, bound) = read_refused(error.message());
        refused.push(FieldError::new(refused.place(&names(&path.to_string())), code).about(bound));
    }
}

/// The names in a path as garde writes it, e.g. `tags[3]`. The names of our fields have no such characters.
fn names(path: &str) -> Vec<String> {
    let parts = path.split(['.', '[']).map(|part| part.trim_end_matches(']'));
    parts.filter(|part| !part.is_empty()).map(String::from).collect()
}

/// Requires one JSON value.
pub fn well_formed(json: &[u8]) -> Result<(), Problem> {
    value(json).map_err(|error| {
        Problem::new(Code::InvalidJson).about(format_args!("line {}, column {}", error.line(), error.column()))
    })
}

/// Parses one JSON value and drops it, however large it is.
pub fn value(json: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<AnyValue>(json).map(drop)
}

/// Any value, dropped. Unlike [`serde::de::IgnoredAny`] it parses strings, whose escapes can be invalid.
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

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        while fields.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::problem::Place;

    proptest! {
        #[test]
        fn well_formed_accepts_what_serde_parses(json in r#"[\[\]{}",:\\u0-9a-fd.e+ trn-]{0,12}|"\\u[dD][89a-cA-C][0-9]{2}(\\u[dD][c-f][0-9]{2})?"|\[?[1-9]e[0-9]{1,4}\]?"#) {
            prop_assert_eq!(well_formed(json.as_bytes()).is_ok(), serde_json::from_str::<Value>(&json).is_ok());
        }
    }

    #[test]
    fn strings_that_are_not_utf_8_are_refused() {
        assert!(well_formed(b"{\"a\": [1, -1, 1.5, true, null, \"\\ud83c\\udf89\"]}").is_ok());
        assert!(well_formed(b"\"\xff\"").is_err());
        assert!(well_formed(b"{\"\xff\": 1}").is_err());
    }

    #[test]
    fn paths_of_garde_become_pointers() {
        assert_eq!(Place::pointer(&names("tags[3]")), Place::Pointer("/tags/3".into()));
        assert_eq!(Place::pointer(&names("operations[1].memo")), Place::Pointer("/operations/1/memo".into()));
        assert_eq!(Place::parameter(&names("tag[0]")), Place::Parameter("tag".into()));
    }
}
