//! The smallest honest adapters of memo: everything in memory, nothing left to chance.
//!
//! [`MemoryStore`] keeps the whole contract of [`Store`](memo_domain::Store) but durability. The others are
//! deterministic, so that a test can name what it expects.

#![deny(missing_docs)]

mod audit;
mod cache;
mod changes;
mod clock;
mod identities;
mod ids;
mod mail;
mod memos;
mod one_time_tokens;
mod outbox;
mod provider;
mod refresh_tokens;
mod second_factors;
mod secrets;
mod sessions;
mod state;
mod store;
mod users;

pub use cache::MemoryCache;
pub use clock::FixedClock;
pub use ids::SequentialIds;
pub use mail::CapturedMail;
pub use provider::MemoryProvider;
pub use secrets::SequentialSecrets;
pub use store::MemoryStore;
