//! Responses: representations with an `ETag`, conditional requests, files.

mod conditions;
mod file;
mod reply;
mod representation;
mod signed_out;

pub use conditions::{IfMatch, creates};
pub use file::{file, page};
pub use reply::{Reply, replayed};
pub use representation::{Representation, json_size, revalidated, versioned};
pub use signed_out::signed_out;
