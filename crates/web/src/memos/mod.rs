//! `/api/v1/memos`.

mod batch;
mod batch_input;
mod collection;
mod filter;
mod input;
mod memo;
mod page_cache;
mod restore;

pub use page_cache::PageCache;

use crate::routing::Operations;

/// The operations.
pub fn operations() -> Operations {
    Operations::all([batch::operations(), collection::operations(), memo::operations(), restore::operations()])
}
