//! Lists in pages: one extractor, one cursor codec, the bodies, and `Link` (RFC 8288).

mod body;
mod cursor;
mod extractor;
mod links;

pub use body::{CountedPage, Items, Page};
pub use extractor::{Filter, List, Unfiltered, read_limit};
