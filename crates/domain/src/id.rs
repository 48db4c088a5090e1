use std::{
    any::type_name,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use uuid::Uuid;

use crate::InvalidValue;

/// The id of an entity, such as [`MemoId`](crate::MemoId), which is declared beside it.
///
/// A `UUIDv7` (RFC 9562): ids sort by creation. The text form is lower-case with hyphens; upper case is read, too.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// Wraps an id from an [`IdGenerator`](crate::IdGenerator) or a store.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id, PhantomData)
    }

    /// The id as a UUID.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// Parses the text form.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] for anything but 36 characters with hyphens.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        // Other lengths are other forms, which `Uuid` would read.
        if text.len() != 36 {
            return Err(InvalidValue::Malformed);
        }
        Uuid::try_parse(text).map(Self::new).map_err(|_| InvalidValue::Malformed)
    }
}

// Not derived: a derive would ask for the same traits of the entity.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entity = type_name::<T>().rsplit("::").next().unwrap_or_default();
        write!(f, "{entity}Id({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoId, UserId};

    #[test]
    fn only_the_text_form_with_hyphens_is_parsed_in_any_case() {
        let text = "0198c0de-7f00-7000-8000-00000000000a";
        assert_eq!(MemoId::parse(text).expect("a valid id").to_string(), text);
        assert_eq!(MemoId::parse(&text.to_uppercase()).expect("a valid id").to_string(), text);
        for other in [
            "",
            "0198c0de7f00700080000000000000a1",
            "0198c0de-7f00-7000-8000_00000000000a",
            "{0198c0de-7f00-7000-8000-00000000000}",
        ] {
            assert_eq!(MemoId::parse(other), Err(InvalidValue::Malformed), "{other}");
        }
    }

    #[test]
    fn debug_form_names_the_entity() {
        let uuid = Uuid::from_u128(10);
        assert_eq!(format!("{:?}", MemoId::new(uuid)), format!("MemoId({uuid})"));
        assert_eq!(format!("{:?}", Some(UserId::new(uuid))), format!("Some(UserId({uuid}))"));
    }
}
