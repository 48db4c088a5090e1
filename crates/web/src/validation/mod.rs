//! Rules for `garde`: a member is valid where its value object can be made of it.
//!
//! garde carries texts alone, so each error is an [`InvalidValue`] in its text form, which the problem document reads back.

use std::str::FromStr;

use garde::Error;
use memo_domain::{Content, DisplayName, Email, InvalidValue, Limit, Password, Tag, Tags, Timestamp, Title};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer},
};

/// The greatest offset: the greatest whole number that every JSON reader keeps exact (RFC 8259, section 6).
const MAX_OFFSET: usize = 9_007_199_254_740_991;

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

/// A number or a truth value of a query. serde by itself would take an empty one for none at all.
pub fn parsed<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("not of the type that is needed here"))
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

fn refused(reason: InvalidValue) -> Error {
    Error::new(reason)
}

macro_rules! rules {
    ($($name:ident = $make:expr;)+) => {$(
        #[doc = concat!("Valid where `", stringify!($make), "` takes it.")]
        pub fn $name<C>(value: &str, _: &C) -> garde::Result {
            ($make)(value).map(drop).map_err(refused)
        }
    )+};
}

rules! {
    title = Title::new;
    content = Content::new;
    time = Timestamp::parse;
    display_name = DisplayName::new;
    email = Email::new;
    password = Password::new;
}

/// Valid tags, each at its own place, and not too many.
pub fn tags<C>(tags: &[String], _: &C) -> garde::Result {
    if tags.len() > Tags::MAX { Err(refused(InvalidValue::TooMany { max: Tags::MAX })) } else { Ok(()) }
}

/// A valid tag.
pub fn tag<C>(value: &str, _: &C) -> garde::Result {
    Tag::new(value).map(drop).map_err(refused)
}

/// Valid patched tags, and not too many.
pub fn patched_tags<C>(patch: &Patch<Vec<String>>, context: &C) -> garde::Result {
    let Patch::Value(values) = patch else { return Ok(()) };
    tags(values, context)?;
    values.iter().try_for_each(|value| tag(value, context))
}

/// A page size.
#[expect(clippy::ref_option, reason = "garde hands over the field as it is")]
pub fn limit<C>(value: &Option<i64>, _: &C) -> garde::Result {
    let Some(value) = value else { return Ok(()) };
    Limit::new(u64::try_from(*value).unwrap_or(0)).map(drop).map_err(refused)
}

/// A number of items to leave out.
#[expect(clippy::ref_option, reason = "garde hands over the field as it is")]
pub fn offset<C>(value: &Option<i64>, _: &C) -> garde::Result {
    match value.map(usize::try_from) {
        Some(Err(_)) => Err(refused(InvalidValue::TooSmall { min: 0 })),
        Some(Ok(value)) if value > MAX_OFFSET => Err(refused(InvalidValue::TooLarge { max: MAX_OFFSET })),
        _ => Ok(()),
    }
}

/// Applies a rule where there is a value.
pub fn optional<C>(rule: fn(&str, &C) -> garde::Result) -> impl FnOnce(&Option<String>, &C) -> garde::Result {
    move |value, context| value.as_deref().map_or(Ok(()), |value| rule(value, context))
}

/// Applies a rule to a patched text that can be taken away.
pub fn patched<C>(rule: fn(&str, &C) -> garde::Result) -> impl FnOnce(&Patch<String>, &C) -> garde::Result {
    move |patch, context| match patch {
        Patch::Value(value) => rule(value, context),
        Patch::Absent | Patch::Null => Ok(()),
    }
}

/// Applies a rule to a patched text that can't be taken away.
pub fn required<C>(rule: fn(&str, &C) -> garde::Result) -> impl FnOnce(&Patch<String>, &C) -> garde::Result {
    move |patch, context| match patch {
        Patch::Null => Err(refused(InvalidValue::Required)),
        patch => patched(rule)(patch, context),
    }
}
