//! What the repositories have in common between rows and entities.

use memo_domain::{InvalidValue, PageRequest, PageStart, Scopes, SecretDigest, StoreError, Version};
use sea_orm::{EntityTrait, QueryFilter, QuerySelect, Select, sea_query::Expr};

/// How many ids a statement names at most: each database has its own limit, and all take as many as this.
pub const NAMED: usize = 500;

/// Of an update of one row: it was there, in the expected version.
pub fn changed(rows: u64) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Stale) } else { Ok(()) }
}

/// A kept version.
pub fn version(number: i64) -> Result<Version, StoreError> {
    u32::try_from(number).map(Version::new).map_err(StoreError::corrupt)
}

/// A kept digest.
pub fn digest(bytes: &[u8]) -> Result<SecretDigest, StoreError> {
    <[u8; 32]>::try_from(bytes).map(SecretDigest::new).map_err(StoreError::corrupt)
}

/// A kept set of scopes.
pub fn scopes(text: &str) -> Result<Scopes, StoreError> {
    // The empty set has a text form that its parser refuses, since a client may not ask for it.
    if text.is_empty() { Ok(Scopes::from_iter([])) } else { Scopes::parse(text).map_err(StoreError::corrupt) }
}

/// The part of a list that a page shows, and one row more, which says whether the list goes on.
pub fn page<E: EntityTrait, C: Copy>(
    select: Select<E>,
    page: &PageRequest<C>,
    behind: impl FnOnce(C) -> Expr,
) -> Select<E> {
    let select = select.limit(u64::from(page.limit.get()) + 1);
    match &page.start {
        PageStart::Offset(0) => select,
        // No list is longer than what fits a signed number, and a database refuses a greater one.
        PageStart::Offset(offset) => select.offset(Ord::min(*offset, i64::MAX.unsigned_abs())),
        PageStart::After(last) => select.filter(behind(*last)),
    }
}

/// The name that is kept for a value; each has one.
pub fn name<T: PartialEq>(names: &[(T, &'static str)], value: &T) -> &'static str {
    names.iter().find(|(known, _)| known == value).map_or("", |(_, name)| name)
}

/// The value that a kept name stands for.
pub fn named<T: Copy>(names: &[(T, &str)], name: &str) -> Result<T, StoreError> {
    let known = names.iter().find(|(_, known)| *known == name);
    known.map(|(value, _)| *value).ok_or_else(|| StoreError::corrupt(InvalidValue::Malformed))
}
