//! Conversions between rows and entities that several repositories share.

use memo_domain::{InvalidValue, PageRequest, PageStart, Scopes, SecretDigest, StoreError, Version};
use sea_orm::{EntityTrait, QueryFilter, QuerySelect, Select, sea_query::Expr};

/// The maximum number of ids in one statement, below each database's own limit of parameters.
pub const MAX_IDS: usize = 500;

pub fn version(number: i64) -> Result<Version, StoreError> {
    u32::try_from(number).map(Version::new).map_err(StoreError::corrupt)
}

pub fn digest(bytes: &[u8]) -> Result<SecretDigest, StoreError> {
    <[u8; 32]>::try_from(bytes).map(SecretDigest::new).map_err(StoreError::corrupt)
}

pub fn scopes(text: &str) -> Result<Scopes, StoreError> {
    // The parser rejects the empty set, which a client must not request; a row may have it.
    if text.is_empty() { Ok(Scopes::from_iter([])) } else { Scopes::parse(text).map_err(StoreError::corrupt) }
}

/// Limits a list to a page and one more row, which tells whether the list continues after the page.
pub fn page<E: EntityTrait, C: Copy>(
    select: Select<E>,
    page: &PageRequest<C>,
    is_after: impl FnOnce(C) -> Expr,
) -> Select<E> {
    let select = select.limit(u64::from(page.limit.get()) + 1);
    match &page.start {
        PageStart::Offset(0) => select,
        // Databases reject an OFFSET above the signed maximum; no list is that long.
        PageStart::Offset(offset) => select.offset(Ord::min(*offset, i64::MAX.unsigned_abs())),
        PageStart::After(last) => select.filter(is_after(*last)),
    }
}

/// The stored name of a value. `names` has one for each value.
pub fn name<T: PartialEq>(names: &[(T, &'static str)], value: &T) -> &'static str {
    names.iter().find(|(known, _)| known == value).map_or("", |(_, name)| name)
}

/// The value of a stored name.
pub fn named<T: Copy>(names: &[(T, &str)], name: &str) -> Result<T, StoreError> {
    let known = names.iter().find(|(_, known)| *known == name);
    known.map(|(value, _)| *value).ok_or_else(|| StoreError::corrupt(InvalidValue::Malformed))
}
