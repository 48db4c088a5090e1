//! Fields of a JSON Merge Patch (RFC 7396).

use serde::{Deserialize, Deserializer, de::IntoDeserializer};

/// What a patch says about a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays.
    #[default]
    Absent,
    /// It is removed.
    Null,
    /// It is set.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: Default> Patch<T> {
    /// The new value, if removing the field means its default.
    pub fn or_default(self) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Null => Some(T::default()),
            Self::Value(value) => Some(value),
        }
    }
}

/// Deserializes a patched [`choice`](super::choice).
pub fn patched_choice<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Patch<T>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(Patch::Null),
        Some(name) => T::deserialize(name.into_deserializer()).map(Patch::Value),
    }
}
