//! The middleware around each request, from the outside in: [`envelope`], [`guard`], and at the route [`admission`].

mod admission;
mod body;
mod client;
mod draining;
mod envelope;
mod guard;
mod host;
mod limits;
mod usage;

pub use admission::admission;
pub use body::turn_of_others;
pub use draining::Draining;
pub use envelope::{RequestIds, envelope};
pub use guard::guard;
pub use limits::Limits;
