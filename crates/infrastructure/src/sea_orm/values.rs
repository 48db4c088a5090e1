//! What the repositories have in common between rows and entities.

use memo_domain::{StoreError, Version};

/// Of an update of one row: it was there, in the expected version.
pub fn changed(rows: u64) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Stale) } else { Ok(()) }
}

/// A kept version.
pub fn version(number: i64) -> Result<Version, StoreError> {
    u32::try_from(number).map(Version::new).map_err(StoreError::corrupt)
}
