//! The smallest honest adapters of memo: everything in memory, nothing left to chance.
//!
//! [`MemoryStore`] keeps the whole contract of [`Store`](memo_domain::Store) but durability. The others are
//! deterministic, so that a test can name what it expects.

#![deny(missing_docs)]

mod changes;
mod clock;
mod ids;
mod memos;
mod refresh_tokens;
mod secrets;
mod sessions;
mod state;
mod store;
mod users;

pub use clock::FixedClock;
pub use ids::SequentialIds;
pub use secrets::SequentialSecrets;
pub use store::MemoryStore;
