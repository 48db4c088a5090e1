//! The domain of memo: entities, value objects and ports.
//!
//! Nothing here knows a framework, a database or a wire format. An adapter implements the traits of this crate
//! ([`Store`], [`Clock`], …); use cases call them through `Arc<dyn Port>`.
//!
//! Value objects have fallible constructors and private fields, so that one that exists is valid.
//! The clauses under `# Contract` of each port say what every adapter MUST do; the crate `memo-conformance` has a case for each.

#![deny(missing_docs)]

mod account;
mod cache;
mod causes;
mod change;
mod events;
mod id;
mod idempotency;
mod job;
mod language_model;
mod like;
mod mail;
mod markdown;
mod memo;
mod notification;
mod page;
mod ports;
mod repositories;
mod revision;
mod sealed;
mod session;
mod share;
mod store;
mod text;
mod time;
mod usage;
mod user;
mod value;
mod webhook;

pub use account::*;
pub use cache::*;
pub use causes::*;
pub use change::*;
pub use events::*;
pub use id::*;
pub use idempotency::*;
pub use job::*;
pub use language_model::*;
pub use like::*;
pub use mail::*;
pub use markdown::*;
pub use memo::*;
pub use notification::*;
pub use page::*;
pub use ports::*;
pub use repositories::*;
pub use revision::*;
pub use sealed::*;
pub use session::*;
pub use share::*;
pub use store::*;
pub use text::*;
pub use time::*;
pub use usage::*;
pub use user::*;
/// The type of all ids, and of what an [`IdGenerator`] makes.
pub use uuid::Uuid;
pub use value::*;
pub use webhook::*;
