//! What happens around each request, from the outside in: [`envelope`], [`guard`], [`authenticate`].

mod authenticate;
mod client;
mod envelope;
mod guard;

pub use authenticate::{SignedIn, authenticate};
pub use client::client_address;
pub use envelope::envelope;
pub use guard::{Draining, guard};
