//! `/api/v1/memos`.

mod backlinks;
mod batch;
mod batch_input;
mod cache;
mod collection;
mod completion;
mod filter;
mod input;
mod like;
mod memo;
mod new;
mod restore;
mod revision;
mod share;
mod task;

pub use cache::ResponseCache;

use crate::routing::Operations;

/// The operations.
pub fn operations() -> Operations {
    Operations::all([
        backlinks::operations(),
        batch::operations(),
        collection::operations(),
        completion::operations(),
        like::operations(),
        memo::operations(),
        restore::operations(),
        revision::operations(),
        share::operations(),
        task::operations(),
    ])
}
